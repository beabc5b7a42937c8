import LinAlg

/// The parameters of a ``DefinedLayer``, by the names that the definition gives them: `[H, D]` or
/// `[H, H]` for a projection, a triangle `[1, H·(H+1)/2]` for a symmetric one, `[1, H]` for a bias and
/// every other per-unit parameter. Where the output has `P` features, `P` is in the place of `H` for
/// what the cell makes of it or into it.
public struct DefinedParameters<Scalar: RecurrentScalar>: LayerParameters {
  let plan: CellPlan
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  /// Parameters of zeros.
  ///
  /// - Throws: ``CellDefinitionError`` where the sizes do not fit the definition.
  public init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int, outputSize: Int? = nil
  ) throws(CellDefinitionError) {
    plan = try CellPlan(
      definition, inputSize: inputSize, hiddenSize: hiddenSize,
      outputSize: outputSize ?? hiddenSize, panel: Scalar.packedPanel ?? 1)
    block = ParameterBlock(plan.specs)
  }

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

  /// The symmetric matrix whose triangle the parameter of that name is.
  ///
  /// - Precondition: the definition has such a parameter, and it is a triangle.
  public func symmetricMatrix(_ name: String) -> Matrix<Scalar> {
    let triangle = self[name]
    let size = Self.sizeOfTriangle(triangle.count)
    require(
      triangle.rows == 1 && size * (size + 1) / 2 == triangle.count,
      "parameter '\(name)' has shape [\(triangle.rows), \(triangle.columns)] and is no triangle")
    var result = Matrix<Scalar>.zeros(rows: size, columns: size)
    for i in 0..<size {
      for j in 0...i {
        result[i, j] = triangle[0, i * (i + 1) / 2 + j]
        result[j, i] = result[i, j]
      }
    }
    return result
  }

  private static func sizeOfTriangle(_ count: Int) -> Int {
    Int((Double(8 * count + 1).squareRoot() - 1) / 2)
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
        let node = plan.definition.nodes.first { $0.name == spec.name }
        if case .projection(_, .symmetric)? = node?.operation {
          fillTriangle(buffer, recurrent, using: &generator)
          continue
        }
        let isInput = node?.operands == [.input]
        (isInput ? input : recurrent).fill(
          buffer, rows: spec.rows, columns: spec.columns, using: &generator)
      }
    }
  }

  /// The triangle of the mean of a random matrix and its transpose.
  private func fillTriangle(
    _ triangle: UnsafeMutableBufferPointer<Scalar>, _ rule: Initializer<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) {
    let size = Self.sizeOfTriangle(triangle.count)
    var whole = Matrix<Scalar>.zeros(rows: size, columns: size)
    whole.withUnsafeMutableBufferPointer {
      rule.fill($0, rows: size, columns: size, using: &generator)
    }
    for i in 0..<size {
      for j in 0...i { triangle[i * (i + 1) / 2 + j] = (whole[i, j] + whole[j, i]) / 2 }
    }
  }
}
