import CKernels
import LinAlg

/// One kernel of this process's instruction set with operands of its own, called as the engine calls
/// it: what Bench times to find a kernel that got slower.
///
/// The operands fit a second-level cache of 512 KB, so that times depend on the core alone, and denormal
/// numbers count as zeros: an in-place kernel that is called again and again ends there.
package final class KernelProbe {
  /// A probe that has no operands yet.
  package struct Recipe {
    /// The kernel's name in the list of kernels.
    package let kernel: String
    /// The sizes of its operands.
    package let shape: String
    /// The names of everything in the list that a call runs.
    package var kernels: [String]
    /// The scalar type, `f32` or `f64`.
    package let scalar: String
    fileprivate let makeCall: () -> (Int) -> Void

    /// The kernel, its type and its sizes.
    package var name: String { "\(kernel) \(scalar) \(shape)" }

    /// The probe, with fresh operands.
    package func make() -> KernelProbe { KernelProbe(run: makeCall()) }
  }

  private let run: (Int) -> Void

  private init(run: @escaping (Int) -> Void) { self.run = run }

  /// Calls the kernel `count` times.
  package func call(count: Int = 1) {
    let mode = ck_flush_denormals()
    run(count)
    ck_restore_float_mode(mode)
  }

  /// Every kernel of either type, each once at least.
  package static var all: [Recipe] { KernelRecipes<Float>.all + KernelRecipes<Double>.all }

  /// The names in the list of kernels, which ``all`` must hold.
  package static var listed: [String] {
    (0..<ck_kernel_count()).compactMap { ck_kernel_name($0).map { String(cString: $0) } }
  }
}

/// The kernels of one scalar type; products are packed in single precision alone.
enum KernelRecipes<Scalar: RecurrentScalar> {
  /// A call on operands that lie behind each other.
  typealias Body = (UnsafeMutablePointer<Scalar>) -> Void

  static var all: [KernelProbe.Recipe] {
    products + gradients + cells + activations + rows + pairs + training + [program]
  }

  /// - Parameters:
  ///   - others: what else of the list a call runs.
  ///   - count: how many numbers the operands are together.
  ///   - range: what they are drawn from.
  static func recipe(
    _ kernel: String, _ shape: String, others: [String] = [], count: Int,
    range: ClosedRange<Double> = -0.5...0.5, _ body: @escaping Body
  ) -> KernelProbe.Recipe {
    KernelProbe.Recipe(
      kernel: kernel, shape: shape, kernels: [kernel] + others,
      scalar: "f\(8 * MemoryLayout<Scalar>.size)"
    ) {
      // From the start of a page on: where in a page operands lie must not depend on what was allocated
      // before.
      let page = 4096 / MemoryLayout<Scalar>.stride
      let storage = AlignedStorage<Scalar>(uninitializedCount: count + page)
      let offset = Int(bitPattern: storage.pointer) % 4096 / MemoryLayout<Scalar>.stride
      let start = storage.pointer + (page - offset) % page
      var random = SeededGenerator(seed: 1)
      for i in 0..<count { start[i] = Scalar(Double.random(in: range, using: &random)) }
      return { calls in withExtendedLifetime(storage) { for _ in 0..<calls { body(start) } } }
    }
  }
}
