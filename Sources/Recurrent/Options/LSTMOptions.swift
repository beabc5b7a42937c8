import LinAlg

/// The variants of the long short-term memory, all of which can be combined.
///
/// ```
/// i = σ(W_i·x + U_i·h[t−1] + b_i)     f = σ(…)     g = tanh(…)
/// c = f ⊙ c[t−1] + i ⊙ g              o = σ(…)     h = o ⊙ tanh(c)
/// ```
///
/// Give them to an ``LSTM``:
///
/// ```swift
/// var options = LSTMOptions()
/// options.memory = .diagonal()
/// options.clipping.cell = 3
/// options.regularization.zoneoutHidden = 0.1
/// let layer = try LSTM<Float>(inputSize: 64, hiddenSize: 128, options: options, using: &rng)
/// ```
///
/// Parameters are `W`, `U` and `b` of all gates, peepholes `p_i`, memory matrices `V_i`
/// (symmetric ones as triangles, see ``ProjectionForm/symmetric``) and the projection `W_p`.
public struct LSTMOptions: Hashable, Codable, Sendable {
  /// How the cell state reaches the gates: `i`, `f` and the candidate see `c[t−1]`, `o` sees `c[t]`.
  public enum Memory: Hashable, Codable, Sendable {
    /// Not at all.
    case none
    /// Each unit's own, through a weight: peepholes (Gers et al. 2002); on request, into the candidate.
    case diagonal(candidate: Bool = false)
    /// All units', through a symmetric matrix for each gate, of which one triangle is stored: it stays
    /// symmetric under any optimizer; on request, into the candidate.
    case symmetric(candidate: Bool = false)
    /// All units', through a matrix for each gate; on request, into the candidate.
    case full(candidate: Bool = false)
  }

  /// What scales the candidate.
  public enum InputGate: Hashable, Codable, Sendable {
    /// A gate of its own.
    case gate(GateActivation)
    /// `i = 1 − f` (Greff et al. 2017).
    case coupled
    /// Nothing: `i = 1`.
    case open
  }

  /// How the cell state reaches the gates.
  public var memory = Memory.none
  /// `i`.
  public var inputGate = InputGate.gate(.sigmoid)
  /// The activation of `f`, or nil for an LSTM without: `f = 1`.
  public var forgetGate: GateActivation? = .sigmoid
  /// The activation of `o`, or nil for an LSTM without: `o = 1`.
  public var outputGate: GateActivation? = .sigmoid
  /// The activation of `g`; ``GateActivation/identity`` for an LSTM without.
  public var candidateActivation = GateActivation.tanh
  /// The activation of `c` on its way to `h`; ``GateActivation/identity`` for an LSTM without.
  public var outputActivation = GateActivation.tanh
  /// What `b_f` of a fresh layer is (Jozefowicz et al. 2015).
  public var forgetBias = 1.0
  /// `P`, how many features `h` has: `h = W_p·(o ⊙ act(c))` with `W_p [P, H]` (Sak et al. 2014; PyTorch's
  /// `proj_size`), so that the `U` are `[H, P]`; nil for no projection.
  public var projection: Int?
  /// Layer normalization.
  public var normalization = LayerNormalization.none
  /// Limits.
  public var clipping = Clipping()
  /// Random changes of recorded passes.
  public var regularization = Regularization()

  /// The plain LSTM.
  public init() {}

  /// The cell that the options describe.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  public func definition() throws(LayerOptionsError) -> CellDefinition {
    try validate()
    let (h, c) = (CellExpression.state("h"), CellExpression.state("c"))
    let seen = regularization.dropped(h)
    let sums = PreActivations(
      clipping: clipping, regularization: regularization, normalization: normalization)
    func gate(
      _ letter: String, _ activation: GateActivation, sees cell: CellExpression?, bias: Double = 0
    ) -> CellExpression {
      activation(
        sums.gate(letter, seen, bias: bias, memory: cell.flatMap { connection(letter, $0) })
      ).named(letter)
    }
    let memory = memory == .none ? nil : c
    let f = forgetGate.map { gate("f", $0, sees: memory, bias: forgetBias) }
    let i: CellExpression?
    switch inputGate {
    case .gate(let activation): i = gate("i", activation, sees: memory)
    case .coupled: i = f.map { 1 - $0 }
    case .open: i = nil
    }
    let g = regularization.candidate(
      gate("g", candidateActivation, sees: reachesCandidate ? c : nil))
    var next = (f.map { $0 * c } ?? c) + (i.map { $0 * g } ?? g)
    if let limit = clipping.cell { next = next.clipped(to: limit) }
    next = next.named("c_new")
    let o = outputGate.map { gate("o", $0, sees: memory == nil ? nil : next) }
    let shown = outputActivation(normalization.cell(next))
    var output = o.map { $0 * shown } ?? shown
    if projection != nil { output = Projection("W_p")(output) }
    return CellDefinition(
      shipped: "lstm",
      states: [
        "h": regularization.zoned(output, h, "zone_h", regularization.zoneoutHidden),
        "c": regularization.zoned(next, c, "zone_c", regularization.zoneoutCell),
      ])
  }

  private var reachesCandidate: Bool {
    switch memory {
    case .none: false
    case .diagonal(let candidate), .symmetric(let candidate), .full(let candidate): candidate
    }
  }

  private func connection(_ letter: String, _ cell: CellExpression) -> CellExpression? {
    switch memory {
    case .none: nil
    case .symmetric: Projection("V_" + letter, form: .symmetric)(cell)
    case .diagonal: .perUnit("p_" + letter) * cell
    case .full: Projection("V_" + letter)(cell)
    }
  }

  private func validate() throws(LayerOptionsError) {
    if inputGate == .coupled && forgetGate == nil { throw .coupledWithoutForgetGate }
    var gates = [("forgetGate", forgetGate), ("outputGate", outputGate)]
    if case .gate(let activation) = inputGate { gates.append(("inputGate", activation)) }
    if memory != .none && !reachesCandidate && gates.allSatisfy({ $0.1 == nil }) {
      throw .memoryWithoutGates
    }
    gates += [
      ("candidateActivation", candidateActivation), ("outputActivation", outputActivation),
    ]
    for (name, activation) in gates { try activation?.validate(name) }
    guard forgetBias.isFinite else { throw .notFinite("forgetBias") }
    if let projection, projection < 1 { throw .notPositive("projection") }
    try normalization.validate()
    try clipping.validate()
    try regularization.validate()
  }
}

extension LSTMOptions: LayerOptions {
  /// ``projection``.
  public var outputSize: Int? { projection }
}
