import LinAlg
import Recurrent

/// One trainable matrix that is a part of a model: a learned vector, a table, the weights of an operation of
/// the model's own.
///
/// ```swift
/// var start: Parameter<Float>                  // [1, H], where a decoder begins
/// let h = start(on: graph) + bridge(encoded)   // [1, N, H]: a row is added to each sequence
/// ```
public struct Parameter<Scalar: RecurrentScalar>: Trainable {
  /// The one tensor, `W`.
  public var parameters: MatrixParameters<Scalar>

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    parameters = MatrixParameters(rows: rows, columns: columns)
  }

  /// A matrix of random numbers.
  public init(
    rows: Int, columns: Int, weights: Initializer<Scalar> = .glorotUniform,
    using generator: inout some RandomNumberGenerator
  ) {
    self.init(rows: rows, columns: columns)
    parameters.block.withUnsafeMutableBufferPointer {
      weights.fill($0, rows: rows, columns: columns, using: &generator)
    }
  }
}

/// The parameters of a ``Parameter``: `W [rows, columns]`.
public struct MatrixParameters<Scalar: RecurrentScalar>: LayerParameters {
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  init(rows: Int, columns: Int) {
    block = ParameterBlock([ParameterSpec("W", rows: rows, columns: columns)])
  }

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  /// The matrix; reading copies it, assigning replaces it.
  public var W: Matrix<Scalar> {
    get { block[tensor: 0] }
    set { block[tensor: 0] = newValue }
  }
}
