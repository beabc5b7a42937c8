import RealModule

extension ReferenceGRU {
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
    /// The activated gates r, z, n of every step, `[T, N, 3H]`.
    public var gates: [Scalar]
    /// What the candidate's recurrent weights made, `[T, N, H]`: `Uₙ·h + recurrentBias` for
    /// `.resetAfter`, `Uₙ·(r∘h)` for `.resetBefore`.
    public var candidateProducts: [Scalar]
    /// The hidden state after every step, `[T, N, H]`.
    public var outputs: [Scalar]
    /// The hidden state after each sequence's own last step, `[N, H]`.
    public var finalHidden: [Scalar]

    @inlinable
    init(
      steps: Int, batch: Int, lengths: [Int]?, x: [Scalar], initialHidden: [Scalar],
      gates: [Scalar], candidateProducts: [Scalar], outputs: [Scalar], finalHidden: [Scalar]
    ) {
      self.steps = steps
      self.batch = batch
      self.lengths = lengths
      self.x = x
      self.initialHidden = initialHidden
      self.gates = gates
      self.candidateProducts = candidateProducts
      self.outputs = outputs
      self.finalHidden = finalHidden
    }
  }

  /// Runs the layer over a batch of sequences.
  ///
  /// ```
  /// [r z] = σ(W·x[t] + U·h[t−1] + b)
  /// n = tanh(Wₙ·x[t] + bₙ + r∘(Uₙ·h[t−1] + recurrentBias))      .resetAfter
  /// n = tanh(Wₙ·x[t] + bₙ + Uₙ·(r∘h[t−1]))                      .resetBefore
  /// h[t] = (1 − z)∘n + z∘h[t−1]
  /// ```
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; those of padded steps are not read.
  ///   - steps: the number of steps, `T`.
  ///   - batch: the number of sequences, `N`.
  ///   - initialHidden: `h` before the first step, `[N, H]`; `nil` means zeros.
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

    var gates = [Scalar](repeating: 0, count: T * N * 3 * H)
    var candidateProducts = [Scalar](repeating: 0, count: T * N * H)
    var outputs = [Scalar](repeating: 0, count: T * N * H)
    var hidden = initialHidden
    var resetHidden = [Scalar](repeating: 0, count: H)
    let candidateWeights = 2 * H * H

    for t in 0..<T {
      for n in 0..<N {
        if let lengths, t >= lengths[n] { continue }
        let row = t * N + n
        let gate = row * 3 * H

        for j in 0..<3 * H { gates[gate + j] = b[j] }
        addProduct(W, rows: 3 * H, columns: D, x, at: row * D, to: &gates, at: gate)
        addProduct(U, rows: 2 * H, columns: H, hidden, at: n * H, to: &gates, at: gate)
        for j in 0..<2 * H { gates[gate + j] = sigmoid(gates[gate + j]) }

        switch variant {
        case .resetAfter:
          for u in 0..<H { candidateProducts[row * H + u] = recurrentBias[u] }
          addProduct(
            U, from: candidateWeights, rows: H, columns: H,
            hidden, at: n * H, to: &candidateProducts, at: row * H)
          for u in 0..<H {
            gates[gate + 2 * H + u] += gates[gate + u] * candidateProducts[row * H + u]
          }
        case .resetBefore:
          for u in 0..<H { resetHidden[u] = gates[gate + u] * hidden[n * H + u] }
          addProduct(
            U, from: candidateWeights, rows: H, columns: H,
            resetHidden, at: 0, to: &candidateProducts, at: row * H)
          for u in 0..<H { gates[gate + 2 * H + u] += candidateProducts[row * H + u] }
        }

        for u in 0..<H {
          let z = gates[gate + H + u]
          let candidate = Scalar.tanh(gates[gate + 2 * H + u])
          let h = (1 - z) * candidate + z * hidden[n * H + u]
          gates[gate + 2 * H + u] = candidate
          outputs[row * H + u] = h
          hidden[n * H + u] = h
        }
      }
    }
    return Trace(
      steps: T, batch: N, lengths: lengths, x: x, initialHidden: initialHidden,
      gates: gates, candidateProducts: candidateProducts, outputs: outputs, finalHidden: hidden)
  }
}

extension ReferenceGRU.Trace: Sendable where Scalar: Sendable {}
