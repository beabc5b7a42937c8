import LinAlg

/// Parameters of a cell whose gates are stacked in one `W`, one `U` and one `b`.
///
/// With `G` gates: `W [G·H, D]`, `U [G·H, H]`, `b [G·H]`; gate `g` has rows `g·H ..< (g+1)·H`.
public protocol GatedParameters<Scalar>: LayerParameters {
  /// `D`, the number of input features.
  var inputSize: Int { get }
  /// `H`, the number of hidden units.
  var hiddenSize: Int { get }
}

extension GatedParameters {
  /// The input weights, `[G·H, D]`; reading copies them, assigning replaces them.
  public var W: Matrix<Scalar> {
    get { block[tensor: 0] }
    set { block[tensor: 0] = newValue }
  }

  /// The recurrent weights, `[G·H, H]`; reading copies them, assigning replaces them.
  public var U: Matrix<Scalar> {
    get { block[tensor: 1] }
    set { block[tensor: 1] = newValue }
  }

  /// The biases, `[1, G·H]`; reading copies them, assigning replaces them.
  public var b: Matrix<Scalar> {
    get { block[tensor: 2] }
    set { block[tensor: 2] = newValue }
  }

  static func specs(gates: Int, inputSize: Int, hiddenSize: Int) -> [ParameterSpec] {
    require(
      inputSize > 0 && hiddenSize > 0,
      "a layer needs at least one input and one unit, got D, H = \(inputSize), \(hiddenSize)")
    let rows = gates * hiddenSize
    return [
      ParameterSpec("W", rows: rows, columns: inputSize),
      ParameterSpec("U", rows: rows, columns: hiddenSize),
      ParameterSpec("b", rows: 1, columns: rows),
    ]
  }

  /// The addresses of the tensors in a block laid out as this one is.
  func addresses(
    in base: UnsafeMutablePointer<Scalar>, gates: Int
  ) -> GatedAddresses<Scalar> {
    let rows = gates * hiddenSize
    let U = base + rows * inputSize
    return GatedAddresses(W: base, U: U, b: U + rows * hiddenSize)
  }

  /// `W` and `U`, each as one matrix or split after the rows of the first gates.
  func weights(
    gates: Int, W firstW: Int, U firstU: Int, _ direction: ProductDirection,
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    let (D, H, UOffset) = (inputSize, hiddenSize, gates * hiddenSize * inputSize)
    func part(_ offset: Int, _ first: Int, _ last: Int, _ k: Int) -> WeightMatrix<Scalar>? {
      first == last
        ? nil
        : block.weights(
          at: offset + first * H * k, m: (last - first) * H, k: k, gates: last - first, direction,
          strategy, threads: threads)
    }
    return LayerWeights(
      W: block.weights(
        at: 0, m: firstW * H, k: D, gates: firstW, direction, strategy, threads: threads),
      secondW: part(0, firstW, gates, D),
      U: block.weights(
        at: UOffset, m: firstU * H, k: H, gates: firstU, direction, strategy, threads: threads),
      secondU: part(UOffset, firstU, gates, H))
  }

  mutating func initializeWeights(
    gates: Int, input: Initializer<Scalar>, recurrent: Initializer<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) {
    let address = addresses(in: block.uniquePointer(), gates: gates)
    for gate in 0..<gates {
      let (W, U) = (
        address.W + gate * hiddenSize * inputSize, address.U + gate * hiddenSize * hiddenSize
      )
      input.fill(
        UnsafeMutableBufferPointer(start: W, count: hiddenSize * inputSize),
        rows: hiddenSize, columns: inputSize, using: &generator)
      recurrent.fill(
        UnsafeMutableBufferPointer(start: U, count: hiddenSize * hiddenSize),
        rows: hiddenSize, columns: hiddenSize, using: &generator)
    }
  }

  mutating func fillBias(from start: Int, count: Int, with value: Scalar) {
    let offset = block.offset(of: 2) + start
    block.withUnsafeMutableBufferPointer {
      $0[offset..<offset + count].update(repeating: value)
    }
  }
}

/// Where the stacked tensors of a cell lie.
struct GatedAddresses<Scalar> {
  /// `[G·H, D]`.
  var W: UnsafeMutablePointer<Scalar>
  /// `[G·H, H]`.
  var U: UnsafeMutablePointer<Scalar>
  /// `[G·H]`; what a cell keeps beyond the three begins after it.
  var b: UnsafeMutablePointer<Scalar>
}
