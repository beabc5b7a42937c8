import CKernels
import LinAlg

/// One kernel of this process's instruction set with operands of its own, called as the engine calls
/// it: what Bench times to find a kernel that got slower.
///
/// The operands fit a second-level cache of 512 KB, so that times depend on the core alone, and denormal
/// numbers count as zeros: an in-place kernel that is called again and again ends there.
package final class KernelProbe {
  /// The kernel's name in the kernels' table.
  package let kernel: String
  /// Its operands' sizes.
  package let shape: String

  private let storage: AlignedStorage<Float>
  private let body: (UnsafeMutablePointer<Float>) -> Void

  private init(
    _ kernel: String, _ shape: String, floats: Int,
    _ body: @escaping (UnsafeMutablePointer<Float>) -> Void
  ) {
    self.kernel = kernel
    self.shape = shape
    self.body = body
    storage = AlignedStorage(uninitializedCount: floats)
    var random = SeededGenerator(seed: 1)
    for i in 0..<floats { storage.pointer[i] = Float.random(in: -0.5...0.5, using: &random) }
  }

  /// Calls the kernel `count` times.
  package func call(count: Int = 1) {
    let mode = ck_flush_denormals()
    for _ in 0..<count { body(storage.pointer) }
    ck_restore_float_mode(mode)
  }

  /// Every kernel that a recurrent layer in single precision spends its time in, with fresh operands.
  package static func all() -> [KernelProbe] {
    products() + gradients() + cells()
  }

  private static func products() -> [KernelProbe] {
    guard let kernels = Float.kernels.table.pointee.pack?.pointee else { return [] }
    var probes: [KernelProbe] = []
    // A step forward of 1, 4 and 16 sequences of an LSTM with 128 units; a step back of 16.
    for (n, m, k) in [(1, 512, 128), (4, 512, 128), (16, 512, 128), (16, 128, 512)] {
      let (a, c) = (m * k, m * k + n * k)
      probes.append(
        KernelProbe("packed_product_f32", "N\(n) M\(m) K\(k)", floats: c + n * m) {
          kernels.packed_product(n, m, k, $0 + a, k, $0, $0 + c, m, 0, 0, 0)
        })
    }
    let (m, k) = (512, 96)
    probes.append(
      KernelProbe("pack_transposed_f32", "M\(m) K\(k)", floats: 2 * m * k) {
        kernels.pack_transposed(k, m, $0, k, $0 + m * k)
      })
    probes.append(
      KernelProbe("pack_f32", "M\(m) K\(k)", floats: 2 * m * k) {
        kernels.pack(k, m, $0, m, $0 + m * k)
      })
    return probes
  }

  private static func gradients() -> [KernelProbe] {
    guard let kernels = Float.kernels.table.pointee.pack?.pointee else { return [] }
    var probes: [KernelProbe] = []
    for (m, k, rows) in [(256, 64, 128), (128, 128, 192)] {
      var scratch = 0
      kernels.weight_gradient_scratch(m, k, rows, &scratch)
      let (x, dW) = (rows * m, rows * (m + k))
      let work = dW + m * k
      probes.append(
        KernelProbe("weight_gradient_f32", "M\(m) K\(k) rows \(rows)", floats: work + scratch) {
          kernels.weight_gradient(m, k, rows, $0, m, $0 + x, k, $0 + dW, k, $0 + work)
        })
    }
    return probes
  }

  private static func cells() -> [KernelProbe] {
    let kernels = Float.kernels.table.pointee
    let (n, h) = (16, 128)
    let count = n * h
    let shape = "N\(n) H\(h)"
    // Operands follow each other: gates, biases, then blocks of [N, H].
    let (bias, blocks) = (4 * count, 4 * count + 4 * h)
    let (p, q, r, s, t) = (
      blocks, blocks + count, blocks + 2 * count, blocks + 3 * count, blocks + 4 * count
    )
    func probe(
      _ kernel: String, _ body: @escaping (UnsafeMutablePointer<Float>) -> Void
    ) -> KernelProbe {
      KernelProbe(kernel, shape, floats: t + count, body)
    }
    return [
      probe("lstm_forward_f32") {
        kernels.lstm_forward(n, h, 0, h, $0, $0 + bias, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("lstm_backward_f32") {
        kernels.lstm_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, $0 + s, $0 + t, nil, 0)
      },
      probe("gru_after_forward_f32") {
        kernels.gru_after_forward(n, h, 0, h, $0, $0 + bias, $0 + p, $0 + q, nil, 0)
      },
      probe("gru_after_backward_f32") {
        kernels.gru_after_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
      probe("gru_before_forward_candidate_f32") {
        kernels.gru_before_forward_candidate(n, h, 0, h, $0, $0 + bias, $0 + p, $0 + q, nil, 0)
      },
      probe("rnn_tanh_forward_f32") {
        kernels.rnn_tanh_forward(n, h, 0, h, $0, $0 + bias, $0 + p, nil, 0)
      },
      probe("rnn_tanh_backward_f32") {
        kernels.rnn_tanh_backward(n, h, 0, h, $0, $0 + p, $0 + q, $0 + r, nil, 0)
      },
    ]
  }
}
