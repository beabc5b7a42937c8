import LinAlg

/// The parameters of a ``DefinedLayer``, by the names that the definition gives them: `[H, D]` or
/// `[H, H]` for a projection, `[1, H]` for a bias and every other per-unit parameter.
public struct DefinedParameters<Scalar: RecurrentScalar>: LayerParameters {
  let plan: CellPlan
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Parameters of zeros.
  ///
  /// - Throws: ``CellDefinitionError/inputSize(node:inputSize:hiddenSize:)`` where the definition uses
  ///   the input without a projection and `D` is not `H`.
  public init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int
  ) throws(CellDefinitionError) {
    plan = try CellPlan(
      definition, inputSize: inputSize, hiddenSize: hiddenSize,
      panel: Scalar.packedPanel ?? 1)
    block = ParameterBlock(plan.specs)
  }

  /// The first scalar of an unshared block, for writing through.
  public mutating func uniquePointer() -> UnsafeMutablePointer<Scalar> { block.uniquePointer() }

  /// The names of all parameters in storage order.
  public var names: [String] { plan.specs.map(\.name) }

  /// The parameter of that name. Reading copies it, assigning replaces it.
  ///
  /// - Precondition: the definition has such a parameter; a matrix assigned has its shape.
  public subscript(name: String) -> Matrix<Scalar> {
    get { block[tensor: index(of: name)] }
    set { block[tensor: index(of: name)] = newValue }
  }

  private func index(of name: String) -> Int {
    guard let index = plan.specs.firstIndex(where: { $0.name == name }) else {
      failRequirement(
        "cell '\(plan.definition.name)' has no parameter '\(name)', it has \(names)")
    }
    return index
  }

  /// Random weights, and the definition's first values for the rest.
  mutating func initialize(
    input: Initializer<Scalar>, recurrent: Initializer<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) {
    let start = block.uniquePointer()
    var offset = 0
    for (i, spec) in plan.specs.enumerated() {
      let buffer = UnsafeMutableBufferPointer(start: start + offset, count: spec.count)
      offset += spec.count
      if let value = plan.initialValues[i] {
        buffer.update(repeating: Scalar(value))
      } else {
        let isInput = plan.definition.nodes.contains {
          $0.name == spec.name && $0.operands == [.input]
        }
        (isInput ? input : recurrent).fill(
          buffer, rows: spec.rows, columns: spec.columns, using: &generator)
      }
    }
  }
}
