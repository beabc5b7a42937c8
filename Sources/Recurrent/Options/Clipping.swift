import LinAlg

/// Limits of what a cell computes; nil limits nothing.
public struct Clipping: Hashable, Codable, Sendable {
  /// Sums before the activations of gates and candidates are limited to `[−limit, limit]`, as ONNX's
  /// `clip` does. No gradient passes where they have been limited.
  public var preActivations: Double?
  /// The new cell state is limited to `[−limit, limit]`, as cuDNN does; for cells that have one.
  public var cell: Double?
  /// In each step back, the gradients of the sums before the activations are limited to
  /// `[−limit, limit]` (Graves 2013). These are then no derivatives of the loss any more.
  public var gradients: Double?

  /// Limits, of which any may be nil.
  public init(preActivations: Double? = nil, cell: Double? = nil, gradients: Double? = nil) {
    (self.preActivations, self.cell, self.gradients) = (preActivations, cell, gradients)
  }

  /// A sum before its activation.
  func limited(_ sum: CellExpression) -> CellExpression {
    var result = sum
    if let gradients { result = result.clippingGradient(to: gradients) }
    if let preActivations { result = result.clipped(to: preActivations) }
    return result
  }

  func validate() throws(LayerOptionsError) {
    for (name, limit) in [
      ("clipping.preActivations", preActivations), ("clipping.cell", cell),
      ("clipping.gradients", gradients),
    ] {
      guard let limit else { continue }
      guard limit.isFinite else { throw .notFinite(name) }
      guard limit > 0 else { throw .notPositive(name) }
    }
  }
}

extension Clipping {
  /// For cells that have `h` alone.
  func validateWithoutCell() throws(LayerOptionsError) {
    try validate()
    if cell != nil { throw .noCellState("clipping.cell") }
  }
}
