import LinAlg
import Recurrent

/// The recurrent operators, and what tells one cell of theirs from another.
struct RecurrentCell: Hashable, Sendable {
  enum Operator: String, Sendable {
    case rnn = "RNN"
    case lstm = "LSTM"
    case gru = "GRU"
  }

  /// Which operator it is.
  var kind: Operator
  /// f, g and h, as many as the operator has.
  var functions: [GateFunction]
  /// What bounds the sums that gates and candidates are functions of; the cell state is not bounded, as
  /// ONNX Runtime has it.
  var clip: Double?
  /// LSTM: whether the forget gate is what the input gate leaves.
  var couplesForgetGate = false
  /// GRU: whether the reset gate acts behind the product.
  var resetsAfterProduct = false
  /// LSTM: whether the gates see the cell state.
  var hasPeepholes = false

  /// The gates in the order in which ONNX stacks their weights, by the names that the equations here use.
  var gates: [String] {
    switch kind {
    case .rnn: [""]
    case .lstm: ["_i", "_o", "_f", "_g"]
    case .gru: ["_z", "_r", "_n"]
    }
  }

  /// The default activations.
  static func usualFunctions(_ kind: Operator) -> [String] {
    switch kind {
    case .rnn: ["Tanh"]
    case .lstm: ["Sigmoid", "Tanh", "Tanh"]
    case .gru: ["Sigmoid", "Tanh"]
    }
  }

  /// The equation, written as ``/Recurrent/LSTMOptions`` and its like write it: a cell that comes to the same
  /// values as theirs is run by their kernels.
  func definition() throws(OnnxError) -> CellDefinition {
    do {
      return switch kind {
      case .rnn: try rnn()
      case .lstm: try lstm()
      case .gru: try gru()
      }
    } catch {
      throw OnnxError(.unsupported, "the cell cannot be made: \(error)")
    }
  }

  private func rnn() throws(CellDefinitionError) -> CellDefinition {
    let h = CellExpression.state("h")
    return try CellDefinition("rnn", states: ["h": functions[0](limited(sum("", h)))])
  }

  private func lstm() throws(CellDefinitionError) -> CellDefinition {
    let (h, c) = (CellExpression.state("h"), CellExpression.state("c"))
    func gate(_ letter: String, _ function: GateFunction, _ cell: CellExpression?) -> CellExpression
    {
      var value = sum("_" + letter, h)
      if let cell { value = value + .perUnit("p_" + letter) * cell }
      return function(limited(value)).named(letter)
    }
    let seen = hasPeepholes ? c : nil
    let f = couplesForgetGate ? nil : gate("f", functions[0], seen)
    let i = gate("i", functions[0], seen)
    let g = gate("g", functions[1], nil)
    let next = ((f ?? 1 - i) * c + i * g).named("c_new")
    let o = gate("o", functions[0], hasPeepholes ? next : nil)
    return try CellDefinition(
      "lstm", states: ["h": o * functions[2](next), "c": next])
  }

  private func gru() throws(CellDefinitionError) -> CellDefinition {
    let h = CellExpression.state("h")
    let r = functions[0](limited(sum("_r", h))).named("r")
    let z = functions[0](limited(sum("_z", h))).named("z")
    let input = Projection("W_n")(.x)
    let candidate =
      resetsAfterProduct
      ? input + r * (Projection("U_n")(h) + .perUnit("b_hn")) : input + Projection("U_n")(r * h)
    let n = functions[1](limited(candidate + .perUnit("b_n"))).named("n")
    return try CellDefinition("gru", states: ["h": (1 - z) * n + z * h])
  }

  /// `W·x + U·h + b`.
  private func sum(_ suffix: String, _ h: CellExpression) -> CellExpression {
    Projection("W" + suffix)(.x) + Projection("U" + suffix)(h) + .perUnit("b" + suffix)
  }

  private func limited(_ value: CellExpression) -> CellExpression {
    clip.map { value.clipped(to: $0) } ?? value
  }
}
