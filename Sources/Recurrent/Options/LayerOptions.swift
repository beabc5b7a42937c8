import LinAlg

/// Options that describe a cell, of which they make layers.
public protocol LayerOptions: Hashable, Codable, Sendable {
  /// The cell that the options describe.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  func definition() throws(LayerOptionsError) -> CellDefinition

  /// `P`, how many features the output has, where that is not the number of units.
  var outputSize: Int? { get }
}

extension LayerOptions {
  /// Nil: as many as units.
  public var outputSize: Int? { nil }
}
