import CKernels
import LinAlg

extension KernelProbe {
  /// The products with packed weights, and packing itself.
  static var products: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    var probes: [Recipe] = []
    // A step forward of 1, 4 and 16 sequences of an LSTM with 128 units; a step back of 16.
    for (n, m, k) in [(1, 512, 128), (4, 512, 128), (16, 512, 128), (16, 128, 512)] {
      let (a, c) = (m * k, m * k + n * k)
      probes.append(
        Recipe("packed_product_f32", "N\(n) M\(m) K\(k)", floats: c + n * m) {
          kernels.packed_product_f32(n, m, k, $0 + a, k, $0, $0 + c, m, 0, 0, 0)
        })
    }
    let (m, k) = (512, 96)
    probes.append(
      Recipe("pack_transposed_f32", "M\(m) K\(k)", floats: 2 * m * k) {
        kernels.pack_transposed_f32(k, m, $0, k, $0 + m * k)
      })
    probes.append(
      Recipe("pack_f32", "M\(m) K\(k)", floats: 2 * m * k) {
        kernels.pack_f32(k, m, $0, m, $0 + m * k)
      })
    return probes
  }

  /// The gradients of weights and biases.
  static var gradients: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    var probes: [Recipe] = []
    for (m, k, rows) in [(256, 64, 128), (128, 128, 192)] {
      var scratch = 0
      kernels.weight_gradient_scratch_f32(m, k, rows, &scratch)
      let (x, dW) = (rows * m, rows * (m + k))
      let work = dW + m * k
      probes.append(
        Recipe(
          "weight_gradient_f32", "M\(m) K\(k) rows \(rows)",
          others: ["weight_gradient_scratch_f32"], floats: work + scratch
        ) {
          // The engine asks for the size, too.
          var size = 0
          kernels.weight_gradient_scratch_f32(m, k, rows, &size)
          kernels.weight_gradient_f32(m, k, rows, $0, m, $0 + x, k, $0 + dW, k, $0 + work)
        })
    }
    let (rows, m) = (96, 512)
    probes.append(
      Recipe("column_sums_f32", "rows \(rows) M\(m)", floats: (rows + 1) * m) {
        kernels.column_sums_f32(rows, m, $0, m, $0 + rows * m)
      })
    return probes
  }

  /// The pointwise parts of the built-in cells.
  static var cells: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    let (n, h) = (16, 128)
    let count = n * h
    // Operands follow each other: gates, biases, then blocks of [N, H].
    let (b, p) = (4 * count, 4 * count + 4 * h)
    let (q, r, s, t) = (p + count, p + 2 * count, p + 3 * count, p + 4 * count)
    func probe(_ kernel: String, _ body: @escaping Body) -> Recipe {
      Recipe(kernel, "N\(n) H\(h)", floats: t + count, body)
    }
    return [
      probe("lstm_forward_f32") {
        kernels.lstm_forward_f32(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("lstm_backward_f32") {
        kernels.lstm_backward_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, $0 + s, $0 + t, nil, 0)
      },
      probe("gru_after_forward_f32") {
        kernels.gru_after_forward_f32(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, nil, 0)
      },
      probe("gru_after_backward_f32") {
        kernels.gru_after_backward_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("gru_before_forward_reset_f32") {
        kernels.gru_before_forward_reset_f32(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("gru_before_forward_candidate_f32") {
        kernels.gru_before_forward_candidate_f32(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, nil, 0)
      },
      probe("gru_before_backward_candidate_f32") {
        kernels.gru_before_backward_candidate_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("gru_before_backward_reset_f32") {
        kernels.gru_before_backward_reset_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("rnn_tanh_forward_f32") {
        kernels.rnn_tanh_forward_f32(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("rnn_relu_forward_f32") {
        kernels.rnn_relu_forward_f32(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("rnn_tanh_backward_f32") {
        kernels.rnn_tanh_backward_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("rnn_relu_backward_f32") {
        kernels.rnn_relu_backward_f32(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
    ]
  }
}
