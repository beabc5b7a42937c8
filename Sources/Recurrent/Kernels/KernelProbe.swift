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
    fileprivate let floats: Int
    fileprivate let range: ClosedRange<Float>
    fileprivate let body: Body

    /// The kernel and its sizes.
    package var name: String { "\(kernel) \(shape)" }

    /// - Parameters:
    ///   - others: what else of the list a call runs.
    ///   - floats: how many numbers the operands are together.
    ///   - range: what they are drawn from.
    init(
      _ kernel: String, _ shape: String, others: [String] = [], floats: Int,
      range: ClosedRange<Float> = -0.5...0.5, _ body: @escaping Body
    ) {
      self.kernel = kernel
      self.shape = shape
      self.floats = floats
      self.range = range
      self.body = body
      kernels = [kernel] + others
    }

    /// The probe, with fresh operands.
    package func make() -> KernelProbe { KernelProbe(self) }
  }

  /// A call on operands that lie behind each other.
  typealias Body = (UnsafeMutablePointer<Float>) -> Void

  private let storage: AlignedStorage<Float>
  private let start: UnsafeMutablePointer<Float>
  private let body: Body

  private init(_ recipe: Recipe) {
    // From the start of a page on: where in a page operands lie must not depend on what was allocated
    // before.
    let page = 4096 / MemoryLayout<Float>.stride
    storage = AlignedStorage(uninitializedCount: recipe.floats + page)
    let offset = Int(bitPattern: storage.pointer) % 4096 / MemoryLayout<Float>.stride
    start = storage.pointer + (page - offset) % page
    body = recipe.body
    var random = SeededGenerator(seed: 1)
    for i in 0..<recipe.floats { start[i] = Float.random(in: recipe.range, using: &random) }
  }

  /// Calls the kernel `count` times.
  package func call(count: Int = 1) {
    let mode = ck_flush_denormals()
    for _ in 0..<count { body(start) }
    ck_restore_float_mode(mode)
  }

  /// Every kernel, each once at least.
  package static var all: [Recipe] {
    products + gradients + cells + activations + rows + pairs + training + [program]
  }

  /// The names in the list of kernels of single precision, which ``all`` must hold.
  package static var listed: [String] {
    (0..<ck_kernel_count()).compactMap { ck_kernel_name($0).map { String(cString: $0) } }
      .filter { $0.hasSuffix("_f32") }
  }
}
