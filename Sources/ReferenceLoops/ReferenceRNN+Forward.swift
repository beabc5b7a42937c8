import RealModule

extension ReferenceRNN {
  /// What a forward pass computed, and what its backward pass needs. Padded steps hold zeros.
  public struct Trace {
    /// The number of steps, `T`.
    public var steps: Int
    /// The number of sequences, `N`.
    public var batch: Int
    /// The number of steps that belong to each sequence, `[N]`; `nil` means all `T`.
    public var lengths: [Int]?
    /// The inputs, `[T, N, D]`.
    public var x: [Scalar]
    /// The hidden state before the first step, `[N, H]`.
    public var initialHidden: [Scalar]
    /// The hidden state after every step, `[T, N, H]`.
    public var outputs: [Scalar]
    /// The hidden state after each sequence's own last step, `[N, H]`.
    public var finalHidden: [Scalar]

    @inlinable
    init(
      steps: Int, batch: Int, lengths: [Int]?, x: [Scalar], initialHidden: [Scalar],
      outputs: [Scalar], finalHidden: [Scalar]
    ) {
      self.steps = steps
      self.batch = batch
      self.lengths = lengths
      self.x = x
      self.initialHidden = initialHidden
      self.outputs = outputs
      self.finalHidden = finalHidden
    }
  }

  /// Runs the layer over a batch of sequences, `h[t] = act(W·x[t] + U·h[t−1] + b)`.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; those of padded steps are not read.
  ///   - steps: the number of steps, `T`.
  ///   - batch: the number of sequences, `N`.
  ///   - initialHidden: the state before the first step, `[N, H]`; `nil` means zeros.
  ///   - lengths: how many steps belong to each sequence, `[N]`, in any order, each in `0...T`;
  ///     `nil` means all. After its own last step a sequence's output is 0 and its state is kept.
  /// - Precondition: every array has the shape stated above.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  @inlinable
  public func forward(
    _ x: [Scalar], steps: Int, batch: Int, initialHidden: [Scalar]? = nil, lengths: [Int]? = nil
  ) -> Trace {
    let (T, N, D, H) = (steps, batch, inputSize, hiddenSize)
    checkShapes()
    checkBatch(steps: T, batch: N, lengths: lengths)
    checkCount("x", x.count, "[T, N, D]", T, N, D)
    let initialHidden = initialHidden ?? [Scalar](repeating: 0, count: N * H)
    checkCount("initialHidden", initialHidden.count, "[N, H]", N, H)

    var outputs = [Scalar](repeating: 0, count: T * N * H)
    var hidden = initialHidden

    for t in 0..<T {
      for n in 0..<N {
        if let lengths, t >= lengths[n] { continue }
        let row = t * N + n

        for u in 0..<H { outputs[row * H + u] = b[u] }
        addProduct(W, rows: H, columns: D, x, at: row * D, to: &outputs, at: row * H)
        addProduct(U, rows: H, columns: H, hidden, at: n * H, to: &outputs, at: row * H)

        for u in 0..<H {
          let a = outputs[row * H + u]
          let h: Scalar
          switch activation {
          case .tanh: h = Scalar.tanh(a)
          case .relu: h = a > 0 || a.isNaN ? a : 0
          }
          outputs[row * H + u] = h
          hidden[n * H + u] = h
        }
      }
    }
    return Trace(
      steps: T, batch: N, lengths: lengths, x: x, initialHidden: initialHidden,
      outputs: outputs, finalHidden: hidden)
  }
}

extension ReferenceRNN.Trace: Sendable where Scalar: Sendable {}
