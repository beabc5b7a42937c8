import CKernels
import LinAlg

extension KernelRecipes {
  /// The products with packed weights, and packing itself.
  static var products: [KernelProbe.Recipe] {
    guard let pack = Scalar.kernels.table.pointee.pack?.pointee else { return [] }
    var probes: [KernelProbe.Recipe] = []
    // A step forward of 1, 4 and 16 sequences of an LSTM with 128 units; a step back of 16.
    for (n, m, k) in [(1, 512, 128), (4, 512, 128), (16, 512, 128), (16, 128, 512)] {
      let (a, c) = (m * k, m * k + n * k)
      probes.append(
        recipe("packed_product", "N\(n) M\(m) K\(k)", count: c + n * m) {
          pack.packed_product(n, m, k, $0 + a, k, $0, $0 + c, m, 0, 0, 0)
        })
    }
    let (m, k) = (512, 96)
    probes.append(
      recipe("pack_transposed", "M\(m) K\(k)", count: 2 * m * k) {
        pack.pack_transposed(k, m, $0, m, $0, k, $0 + m * k)
      })
    probes.append(
      recipe("pack", "M\(m) K\(k)", count: 2 * m * k) {
        pack.pack(k, m, $0, k, $0, m, $0 + m * k)
      })
    return probes + narrowProducts(pack)
  }

  /// The products with weights of fewer bytes, and what makes them.
  private static func narrowProducts(_ pack: ck_pack_format) -> [KernelProbe.Recipe] {
    let formats = [("f16", CK_NARROW_F16), ("bf16", CK_NARROW_BF16), ("i8", CK_NARROW_I8)]
    var probes: [KernelProbe.Recipe] = []
    for (name, kind) in formats {
      let format = pack.narrow[Int(kind.rawValue)]
      // A step forward of 1 and 4 sequences of an LSTM with 128 units, whose weights are any bits.
      let (m, k) = (512, 128)
      for n in [1, 4] {
        let (a, c) = (m * k, m * k + n * k)
        probes.append(
          recipe("narrow_product", "\(name) N\(n) M\(m) K\(k)", count: c + n * m) {
            format.narrow_product(n, m, k, $0 + a, k, $0, $0 + c, m, 0, 0, 0)
          })
      }
      probes.append(
        recipe("narrow", "\(name) M\(m) K\(k)", count: 2 * m * k) {
          format.narrow(k, m, $0, $0 + m * k)
        })
    }
    return probes
  }

  /// The gradients of weights and biases.
  static var gradients: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    var probes: [KernelProbe.Recipe] = []
    if let pack = kernels.pack?.pointee {
      for (m, k, rows) in [(256, 64, 128), (128, 128, 192)] {
        var scratch = 0
        pack.weight_gradient_scratch(m, k, rows, &scratch)
        let (x, dW) = (rows * m, rows * (m + k))
        let work = dW + m * k
        probes.append(
          recipe(
            "weight_gradient", "M\(m) K\(k) rows \(rows)", others: ["weight_gradient_scratch"],
            count: work + scratch
          ) {
            // The engine asks for the size, too.
            var size = 0
            pack.weight_gradient_scratch(m, k, rows, &size)
            let out = $0 + dW
            pack.weight_gradient(m, k, rows, $0, m, $0 + x, k, out, m, out, k, $0 + work)
          })
      }
    }
    let (rows, m) = (96, 512)
    probes.append(
      recipe("column_sums", "rows \(rows) M\(m)", count: (rows + 1) * m) {
        kernels.column_sums(rows, m, $0, m, $0 + rows * m)
      })
    probes.append(
      recipe("placed_column_sums", "rows \(rows) M\(m)", count: (rows + 1) * m) {
        kernels.placed_column_sums(rows, m, $0, m, nil, 0, rows, $0 + rows * m)
      })
    return probes
  }

  /// The pointwise parts of the built-in cells.
  static var cells: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    let (n, h) = (16, 128)
    let count = n * h
    // Operands follow each other: gates, biases, then blocks of [N, H].
    let (b, p) = (4 * count, 4 * count + 4 * h)
    let (q, r, s, t) = (p + count, p + 2 * count, p + 3 * count, p + 4 * count)
    func probe(_ kernel: String, _ body: @escaping Body) -> KernelProbe.Recipe {
      recipe(kernel, "N\(n) H\(h)", count: t + count, body)
    }
    return [
      probe("lstm_forward") {
        kernels.lstm_forward(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("lstm_backward") {
        kernels.lstm_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, $0 + s, $0 + t, nil, 0)
      },
      probe("gru_after_forward") {
        kernels.gru_after_forward(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, nil, 0)
      },
      probe("gru_after_backward") {
        kernels.gru_after_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("gru_before_forward_reset") {
        kernels.gru_before_forward_reset(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("gru_before_forward_candidate") {
        kernels.gru_before_forward_candidate(n, h, 0, h, $0, $0 + b, $0 + p, $0 + q, nil, 0)
      },
      probe("gru_before_backward_candidate") {
        kernels.gru_before_backward_candidate(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("gru_before_backward_reset") {
        kernels.gru_before_backward_reset(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("rnn_tanh_forward") {
        kernels.rnn_tanh_forward(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("rnn_relu_forward") {
        kernels.rnn_relu_forward(n, h, 0, h, $0, $0 + b, $0 + p, nil, 0)
      },
      probe("rnn_tanh_backward") {
        kernels.rnn_tanh_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("rnn_relu_backward") {
        kernels.rnn_relu_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
    ]
  }
}
