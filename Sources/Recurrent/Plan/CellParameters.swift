import LinAlg

/// The parameters of one cell, by the names of its equations.
///
/// A cell with gates stacks the weights of all gates in one `W`, one `U` and one `b`, gate by gate in
/// its order; what its options add has names of its own, such as the peephole `p_i`. The parts of a stack
/// have names, too: `W_f` is the forget gate's rows of `W`.
public protocol CellParameters<Scalar>: LayerParameters {
  /// The cell that these are the parameters of, compiled for its sizes.
  var plan: CellPlan { get }
}

extension CellParameters {
  /// `D`, the number of input features.
  public var inputSize: Int { plan.inputSize }

  /// `H`, the number of hidden units.
  public var hiddenSize: Int { plan.hiddenSize }

  /// The cell, for the one block.
  public func cell(ofBlock index: Int) -> CellPlan? {
    Self.checkBlock(index)
    return plan
  }

  /// The names of all parameters in storage order; those of a stack are one.
  public var names: [String] { plan.specs.map(\.name) }

  /// The parameter of that name, or the part of a stack. Reading copies it, assigning replaces it.
  ///
  /// - Precondition: the cell has such a parameter; a matrix assigned has its shape.
  public subscript(name: String) -> Matrix<Scalar> {
    get {
      plan.checkBlock(block)
      let part = part(name)
      return block.withUnsafeBufferPointer { all in
        Matrix(
          rows: part.rows, columns: part.columns,
          elements: UnsafeBufferPointer(rebasing: all[part.offset..<part.offset + part.count]))
      }
    }
    set {
      plan.checkBlock(block)
      let part = part(name)
      require(
        newValue.rows == part.rows && newValue.columns == part.columns,
        """
        parameter \(name) has shape [\(part.rows), \(part.columns)], \
        assigned [\(newValue.rows), \(newValue.columns)]
        """)
      block.withUnsafeMutableBufferPointer { all in
        _ = UnsafeMutableBufferPointer(rebasing: all[part.offset..<part.offset + part.count])
          .update(
            fromContentsOf: UnsafeBufferPointer(start: newValue.basePointer, count: part.count))
      }
      withExtendedLifetime(newValue) {}
    }
  }

  private func part(_ name: String) -> CellParameter {
    if let index = plan.specs.firstIndex(where: { $0.name == name }) {
      let spec = plan.specs[index]
      return CellParameter(
        name: name, offset: block.offset(of: index), rows: spec.rows, columns: spec.columns)
    }
    guard let member = plan.members.first(where: { $0.name == name }) else {
      failRequirement("cell \(plan) has no parameter '\(name)', it has \(names)")
    }
    return member
  }

  /// The symmetric matrix whose triangle the parameter of that name is.
  ///
  /// - Precondition: the cell has such a parameter, and it is a triangle.
  public func symmetricMatrix(_ name: String) -> Matrix<Scalar> {
    let triangle = self[name]
    let size = sizeOfTriangle(triangle.count)
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

  /// Random weights, and the cell's first values for the rest. The weights of a gate follow each other.
  mutating func initialize(
    input: Initializer<Scalar>, recurrent: Initializer<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) {
    let members = plan.membersByGate
    block.withUnsafeMutableBufferPointer { all in
      for member in members {
        let numbers = UnsafeMutableBufferPointer(
          rebasing: all[member.offset..<member.offset + member.count])
        if let value = member.initial {
          numbers.update(repeating: Scalar(value))
        } else if member.form == .symmetric {
          fillTriangle(numbers, recurrent, using: &generator)
        } else {
          (member.isInput ? input : recurrent).fill(
            numbers, rows: member.rows, columns: member.columns, using: &generator)
        }
      }
    }
  }
}

private func sizeOfTriangle(_ count: Int) -> Int {
  Int((Double(8 * count + 1).squareRoot() - 1) / 2)
}

/// The triangle of the mean of a random matrix and its transpose.
private func fillTriangle<Scalar: LinAlgScalar>(
  _ triangle: UnsafeMutableBufferPointer<Scalar>, _ rule: Initializer<Scalar>,
  using generator: inout some RandomNumberGenerator
) {
  let size = sizeOfTriangle(triangle.count)
  var whole = Matrix<Scalar>.zeros(rows: size, columns: size)
  whole.withUnsafeMutableBufferPointer {
    rule.fill($0, rows: size, columns: size, using: &generator)
  }
  for i in 0..<size {
    for j in 0...i { triangle[i * (i + 1) / 2 + j] = (whole[i, j] + whole[j, i]) / 2 }
  }
}

/// The parameters of a cell with gates: `W [G·H, D]`, `U [G·H, P]` and `b [G·H]` for `G` gates, gate `g` in
/// rows `g·H ..< (g + 1)·H`, and what options add. `P` is `H` unless the cell's output is projected.
public protocol GatedParameters<Scalar>: CellParameters {}

extension GatedParameters {
  /// The input weights, `[G·H, D]`; reading copies them, assigning replaces them.
  public var W: Matrix<Scalar> {
    get { self["W"] }
    set { self["W"] = newValue }
  }

  /// The recurrent weights, `[G·H, P]`; reading copies them, assigning replaces them.
  public var U: Matrix<Scalar> {
    get { self["U"] }
    set { self["U"] = newValue }
  }

  /// The biases, `[1, G·H]`; reading copies them, assigning replaces them.
  public var b: Matrix<Scalar> {
    get { self["b"] }
    set { self["b"] = newValue }
  }
}
