import LinAlg
import Synchronization

/// The tensors of a block and where each begins: made once and shared by all blocks that come from the
/// same layer, so that asking whether two blocks are laid out alike is a comparison of two addresses.
package final class ParameterLayout: Sendable {
  /// The tensors in storage order.
  package let specs: [ParameterSpec]
  /// Where each tensor begins, in scalars.
  package let offsets: [Int]
  /// The number of scalars of all tensors together.
  package let count: Int

  /// The layout of these tensors, one after the other.
  package init(_ specs: [ParameterSpec]) {
    var (offsets, total) = ([Int](), 0)
    for spec in specs {
      let (count, overflow) = spec.rows.multipliedReportingOverflow(by: spec.columns)
      require(
        spec.rows >= 0 && spec.columns >= 0 && !overflow,
        "parameter \(spec.name) has the impossible shape [\(spec.rows), \(spec.columns)]")
      offsets.append(total)
      let (sum, isTooLarge) = total.addingReportingOverflow(count)
      require(!isTooLarge, "the parameters do not fit the address space")
      total = sum
    }
    (self.specs, self.offsets, count) = (specs, offsets, total)
  }

  /// Whether both have the same tensors in the same order.
  package func isSame(as other: ParameterLayout) -> Bool {
    if self === other { return true }
    guard count == other.count, specs.count == other.specs.count else { return false }
    // Not `==` of the arrays, which allocates in unoptimised builds.
    for i in 0..<specs.count where specs[i] != other.specs[i] { return false }
    return true
  }

  /// In what a block laid out like this differs from the one expected, by the first tensor that does.
  func difference(from expected: ParameterLayout) -> String {
    for i in 0..<min(specs.count, expected.specs.count) where specs[i] != expected.specs[i] {
      let (own, other) = (specs[i], expected.specs[i])
      return own.name == other.name
        ? "\(own.name) has shape \(own.shape), expected \(other.shape)"
        : "tensor \(i) is \(own.name) \(own.shape), expected \(other.name) \(other.shape)"
    }
    if specs.count > expected.specs.count {
      let extra = specs[expected.specs.count]
      return "there is also \(extra.name) \(extra.shape), expected \(expected.description)"
    }
    if specs.count < expected.specs.count {
      let missing = expected.specs[specs.count]
      return "\(missing.name) \(missing.shape) is missing, there is \(description)"
    }
    return "they are the same"
  }

  /// The tensors with their shapes: `W [16, 3], b [1, 16]`.
  var description: String {
    specs.isEmpty
      ? "no tensor" : specs.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
  }
}

extension ParameterSpec {
  /// The shape as it is written in messages.
  fileprivate var shape: String { "[\(rows), \(columns)]" }
}

/// What tells the contents of blocks apart: no two changes, whichever block they are made to, get the
/// same number.
enum ParameterVersion {
  private static let last = Atomic<UInt64>(0)

  static func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
}
