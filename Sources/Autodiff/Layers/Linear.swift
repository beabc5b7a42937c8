import LinAlg
import Recurrent

/// An affine map of the features of every step: `y = x·Wᵀ + b`.
///
/// All steps of all sequences are one matrix product.
public struct Linear<Scalar: RecurrentScalar>: Trainable {
  /// `W` and `b`.
  public var parameters: LinearParameters<Scalar>

  /// `D`, the number of input features.
  public var inputSize: Int { parameters.inputSize }
  /// `K`, the number of output features.
  public var outputSize: Int { parameters.outputSize }

  /// A map with the given parameters.
  public init(parameters: LinearParameters<Scalar>) { self.parameters = parameters }

  /// A map with random weights and zero biases.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - outputSize: `K`.
  ///   - weights: the rule for `W`.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, outputSize: Int, weights: Initializer<Scalar> = .glorotUniform,
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = LinearParameters(inputSize: inputSize, outputSize: outputSize)
    parameters.block.withUnsafeMutableBufferPointer {
      weights.fill(
        UnsafeMutableBufferPointer(rebasing: $0[..<(outputSize * inputSize)]),
        rows: outputSize, columns: inputSize, using: &generator)
    }
  }

  /// `x·Wᵀ + b` for every step, `[T, N, K]`.
  ///
  /// - Precondition: `x.features == inputSize`.
  public func callAsFunction(_ x: SequenceBatch<Scalar>) -> SequenceBatch<Scalar> {
    require(
      x.features == inputSize,
      "x has shape [T, N, D] = \(x.shape), expected D = \(inputSize) input features")
    var y = SequenceBatch<Scalar>(
      uninitializedSteps: x.steps, batch: x.batch, features: outputSize)
    y.withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in multiply(x, into: y) }
    }
    return y
  }

  /// `x·Wᵀ + b` for every row, `[rows, K]`.
  ///
  /// - Precondition: `x.columns == inputSize`.
  public func callAsFunction(_ x: Matrix<Scalar>) -> Matrix<Scalar> {
    var y = Matrix<Scalar>(uninitializedRows: x.rows, columns: outputSize)
    apply(x, into: &y)
    return y
  }

  /// Replaces the contents of `y` by `x·Wᵀ + b`: nothing is allocated unless `y` is shared.
  ///
  /// - Precondition: `x` is `[rows, D]` and `y` is `[rows, K]`.
  public func apply(_ x: Matrix<Scalar>, into y: inout Matrix<Scalar>) {
    require(
      x.columns == inputSize && y.columns == outputSize && x.rows == y.rows,
      """
      x has shape [\(x.rows), \(x.columns)] and y [\(y.rows), \(y.columns)], \
      expected [rows, D] and [rows, K] with D, K = \(inputSize), \(outputSize)
      """)
    y.withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in multiply(x, into: y) }
    }
  }

  private func multiply(
    _ x: UnsafeBufferPointer<Scalar>, into y: UnsafeMutableBufferPointer<Scalar>
  ) {
    parameters.checkLayout()
    guard let x = x.baseAddress, let start = y.baseAddress else { return }
    parameters.map.apply(
      parameters.block, rows: y.count / outputSize, x: x, into: start, threads: 1)
  }
}

/// The parameters of a ``Linear`` map: `W [K, D]` and `b [K]`.
public struct LinearParameters<Scalar: RecurrentScalar>: LayerParameters {
  /// `D`, the number of input features.
  public let inputSize: Int
  /// `K`, the number of output features.
  public let outputSize: Int
  private let layout: ParameterLayout
  let map: AffineMap<Scalar>
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
  public init(inputSize: Int, outputSize: Int) {
    require(
      inputSize > 0 && outputSize > 0,
      """
      a linear map needs at least one input and one output, \
      got D, K = \(inputSize), \(outputSize)
      """)
    self.inputSize = inputSize
    self.outputSize = outputSize
    map = AffineMap(
      inputSize: inputSize, outputSize: outputSize, weights: 0, bias: inputSize * outputSize)
    layout = ParameterLayout([
      ParameterSpec("W", rows: outputSize, columns: inputSize),
      ParameterSpec("b", rows: 1, columns: outputSize),
    ])
    block = ParameterBlock(layout)
  }

  /// Traps unless the block holds `W` and `b` of these sizes: it can be assigned.
  func checkLayout(_ what: StaticString = "parameters of the linear map") {
    block.checkLayout(matches: layout, "\(what)")
  }

  /// The weights, `[K, D]`; reading copies them, assigning replaces them.
  public var W: Matrix<Scalar> {
    get { block[tensor: 0] }
    set { block[tensor: 0] = newValue }
  }

  /// The biases, `[1, K]`; reading copies them, assigning replaces them.
  public var b: Matrix<Scalar> {
    get { block[tensor: 1] }
    set { block[tensor: 1] = newValue }
  }
}
