import LinAlg

/// What the weights of a layer are kept in for inference; see ``SequenceLayer/inference(weights:)``.
///
/// Inputs, states, sums and activations are in single precision with every format but
/// ``int8Dynamic``: a weight is widened as a product reads it.
public enum WeightFormat: String, Sendable, Hashable, CaseIterable {
  /// Single precision, 4 bytes: the bits of the layer itself.
  case float32
  /// IEEE 754's half precision, 2 bytes: weights rounded to 11 significant bits, those below 2⁻¹⁴ to
  /// multiples of 2⁻²⁴. From 65520 on there is no number for them.
  case float16
  /// The upper half of a `Float`, 2 bytes: weights rounded to 8 significant bits, in the whole range.
  case bfloat16
  /// Whole numbers of −127…127, 1 byte: `w ≈ scale·q`, with a scale for each unit and matrix, the
  /// largest magnitude among that unit's weights divided by 127. A sum `Σ x·q` is multiplied by its scale
  /// once it is complete.
  case int8
  /// Dynamic quantisation: weights as in ``int8``, and each product rounds its other factor, a sequence's
  /// inputs or state of one step, to whole numbers of −127…127, too: `x ≈ s·p`, `s` being the largest
  /// magnitude in that row divided by 127. The sums `Σ p·q` are whole numbers and exact (of 8192 products
  /// at a time, where there are more), hence the same with every instruction set; they become floats, and
  /// gates, activations and states are in single precision. A row with a number that is not finite gives
  /// NaN throughout.
  ///
  /// The fastest, since processors multiply bytes four at a time, and the least accurate. The scales
  /// follow from the numbers at hand: nothing is calibrated, and no row depends on another.
  case int8Dynamic = "int8-dynamic"
}

/// A weight that a format cannot hold.
public struct WeightFormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The format.
  public let format: WeightFormat
  /// The parameter's own name, such as `U_f` for the forget gate's rows of `U`.
  public let parameter: String
  /// Where in it the weight stands.
  public let row: Int
  /// Where in the row.
  public let column: Int
  /// The number of the block of the layer's parameters: 0 in a layer of one.
  public let block: Int
  /// The weight.
  public let value: Double

  /// The weight's place and what was expected.
  public var description: String {
    let limit = format == .float16 ? "below 65520 in magnitude" : "finite"
    return """
      weight \(parameter)[\(row), \(column)] of block \(block) is \(value), \
      expected one that is \(limit) for \(format)
      """
  }
}

extension WeightFormat {
  /// The first weight of a cell that the format cannot hold.
  func error<Scalar: RecurrentScalar>(
    of plan: CellPlan, _ parameters: UnsafePointer<Scalar>, block: Int
  ) -> WeightFormatError? {
    let limit: Scalar
    switch self {
    case .float32: return nil
    case .float16: limit = 65520
    // Halfway from the largest number to the one that would follow it.
    case .bfloat16: limit = Scalar(0x1.ffp127)
    case .int8, .int8Dynamic: limit = .infinity
    }
    for member in plan.members where member.initial == nil {
      let weights = parameters + member.offset
      // Also for NaN.
      for i in 0..<member.count where !(abs(weights[i]) < limit) {
        return WeightFormatError(
          format: self, parameter: member.name, row: i / member.columns,
          column: i % member.columns, block: block, value: Double(weights[i]))
      }
    }
    return nil
  }
}
