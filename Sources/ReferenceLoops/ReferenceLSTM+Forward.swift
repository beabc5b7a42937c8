import RealModule

extension ReferenceLSTM {
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
    /// The cell state before the first step, `[N, H]`.
    public var initialCell: [Scalar]
    /// The activated gates i, f, g, o of every step, `[T, N, 4H]`.
    public var gates: [Scalar]
    /// The cell state after every step, `[T, N, H]`.
    public var cells: [Scalar]
    /// The hidden state after every step, `[T, N, H]`.
    public var outputs: [Scalar]
    /// The hidden state after each sequence's own last step, `[N, H]`.
    public var finalHidden: [Scalar]
    /// The cell state after each sequence's own last step, `[N, H]`.
    public var finalCell: [Scalar]

    @inlinable
    init(
      steps: Int, batch: Int, lengths: [Int]?, x: [Scalar],
      initialHidden: [Scalar], initialCell: [Scalar],
      gates: [Scalar], cells: [Scalar], outputs: [Scalar],
      finalHidden: [Scalar], finalCell: [Scalar]
    ) {
      self.steps = steps
      self.batch = batch
      self.lengths = lengths
      self.x = x
      self.initialHidden = initialHidden
      self.initialCell = initialCell
      self.gates = gates
      self.cells = cells
      self.outputs = outputs
      self.finalHidden = finalHidden
      self.finalCell = finalCell
    }
  }

  /// Runs the layer over a batch of sequences.
  ///
  /// ```
  /// [i f g o] = W·x[t] + U·h[t−1] + b      i, f, o ← σ     g ← tanh
  /// c[t] = f∘c[t−1] + i∘g                   h[t] = o∘tanh(c[t])
  /// ```
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; those of padded steps are not read.
  ///   - steps: the number of steps, `T`.
  ///   - batch: the number of sequences, `N`.
  ///   - initialHidden: `h` before the first step, `[N, H]`; `nil` means zeros.
  ///   - initialCell: `c` before the first step, `[N, H]`; `nil` means zeros.
  ///   - lengths: how many steps belong to each sequence, `[N]`, in any order, each in `0...T`;
  ///     `nil` means all. After its own last step a sequence's output is 0 and its state is kept.
  /// - Precondition: every array has the shape stated above.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  @inlinable
  public func forward(
    _ x: [Scalar], steps: Int, batch: Int,
    initialHidden: [Scalar]? = nil, initialCell: [Scalar]? = nil, lengths: [Int]? = nil
  ) -> Trace {
    let (T, N, D, H) = (steps, batch, inputSize, hiddenSize)
    checkShapes()
    checkBatch(steps: T, batch: N, lengths: lengths)
    checkCount("x", x.count, "[T, N, D]", T, N, D)
    let initialHidden = initialHidden ?? [Scalar](repeating: 0, count: N * H)
    let initialCell = initialCell ?? [Scalar](repeating: 0, count: N * H)
    checkCount("initialHidden", initialHidden.count, "[N, H]", N, H)
    checkCount("initialCell", initialCell.count, "[N, H]", N, H)

    var gates = [Scalar](repeating: 0, count: T * N * 4 * H)
    var cells = [Scalar](repeating: 0, count: T * N * H)
    var outputs = [Scalar](repeating: 0, count: T * N * H)
    var hidden = initialHidden
    var cell = initialCell

    for t in 0..<T {
      for n in 0..<N {
        if let lengths, t >= lengths[n] { continue }
        let row = t * N + n
        let gate = row * 4 * H

        for j in 0..<4 * H { gates[gate + j] = b[j] }
        addProduct(W, rows: 4 * H, columns: D, x, at: row * D, to: &gates, at: gate)
        addProduct(U, rows: 4 * H, columns: H, hidden, at: n * H, to: &gates, at: gate)

        for u in 0..<H {
          let i = sigmoid(gates[gate + u])
          let f = sigmoid(gates[gate + H + u])
          let g = Scalar.tanh(gates[gate + 2 * H + u])
          let o = sigmoid(gates[gate + 3 * H + u])
          let c = f * cell[n * H + u] + i * g
          let h = o * Scalar.tanh(c)

          gates[gate + u] = i
          gates[gate + H + u] = f
          gates[gate + 2 * H + u] = g
          gates[gate + 3 * H + u] = o
          cells[row * H + u] = c
          outputs[row * H + u] = h
          cell[n * H + u] = c
          hidden[n * H + u] = h
        }
      }
    }
    return Trace(
      steps: T, batch: N, lengths: lengths, x: x,
      initialHidden: initialHidden, initialCell: initialCell,
      gates: gates, cells: cells, outputs: outputs, finalHidden: hidden, finalCell: cell)
  }
}

extension ReferenceLSTM.Trace: Sendable where Scalar: Sendable {}
