import LinAlg
import Recurrent

/// An option, or some that go together, of which `Bench knobs` measures the cost.
struct Knob {
  var name: String
  var cell: CellKind
  /// nil for the built-in layer of the cell itself.
  var options: (any LayerOptions)?
  /// The cost that is allowed.
  var limit: Double
  /// Whether that is besides more products.
  var countsProducts = false
  /// What the number of units is divided by where the output is projected.
  var projectionDivisor: Int?

  /// Whether it is the layer that the others of its cell are compared with.
  var isPlain: Bool { options == nil }

  static let everyday = 1.2
  static let other = 1.5

  static var all: [Knob] { lstm + gru + rnn }

  private static var lstm: [Knob] {
    func knob(
      _ name: String, _ limit: Double = other, countsProducts: Bool = false,
      projectionDivisor: Int? = nil, _ change: (inout LSTMOptions) -> Void
    ) -> Knob {
      var options = LSTMOptions()
      change(&options)
      return Knob(
        name: name, cell: .lstm, options: options, limit: limit, countsProducts: countsProducts,
        projectionDivisor: projectionDivisor)
    }
    return [
      Knob(name: "LSTM", cell: .lstm, options: nil, limit: 1),
      knob("plain options", everyday) { _ in },
      knob("projection to H/2", everyday, projectionDivisor: 2) { _ in },
      knob("projection to H", everyday, projectionDivisor: 1) { _ in },
      knob("diagonal peepholes", everyday) { $0.memory = .diagonal() },
      knob("diagonal peepholes, candidate too", everyday) {
        $0.memory = .diagonal(candidate: true)
      },
      knob("recurrent dropout", everyday) { $0.regularization.recurrentDropout = 0.25 },
      knob("candidate dropout, each step", everyday) {
        $0.regularization.candidateDropout = 0.25
        $0.regularization.candidateDropoutPerStep = true
      },
      knob("zoneout of h and c", everyday) {
        $0.regularization.zoneoutHidden = 0.1
        $0.regularization.zoneoutCell = 0.1
      },
      knob("clipping: pre-activations, cell, gradients", everyday) {
        $0.clipping = Clipping(preActivations: 3, cell: 3, gradients: 1)
      },
      knob("DropConnect") { $0.regularization.dropConnect = 0.3 },
      knob("layer norm of sums") { $0.normalization = .sums() },
      knob("layer norm of products") { $0.normalization = .products() },
      knob("coupled input gate") { $0.inputGate = .coupled },
      knob("without input gate") { $0.inputGate = .open },
      knob("without forget gate") { $0.forgetGate = nil },
      knob("without output gate") { $0.outputGate = nil },
      knob("no candidate and output activation") {
        $0.candidateActivation = .identity
        $0.outputActivation = .identity
      },
      knob("hard sigmoid gates, softsign") {
        $0.inputGate = .gate(.hardSigmoid())
        $0.forgetGate = .hardSigmoid()
        $0.outputGate = .hardSigmoid()
        $0.candidateActivation = .softsign
        $0.outputActivation = .softsign
      },
      knob("symmetric memory", everyday, countsProducts: true) { $0.memory = .symmetric() },
      knob("full memory", everyday, countsProducts: true) { $0.memory = .full() },
      knob("peepholes, zoneout, dropout and clipping", everyday) {
        $0.memory = .diagonal()
        $0.clipping.cell = 3
        $0.regularization.recurrentDropout = 0.25
        $0.regularization.zoneoutHidden = 0.1
        $0.regularization.zoneoutCell = 0.1
      },
    ]
  }

  private static var gru: [Knob] {
    func knob(
      _ name: String, _ limit: Double = other, _ change: (inout GRUOptions) -> Void
    ) -> Knob {
      var options = GRUOptions()
      change(&options)
      return Knob(name: name, cell: .gru, options: options, limit: limit)
    }
    return [
      Knob(name: "GRU", cell: .gru, options: nil, limit: 1),
      knob("GRU: reset before") { $0.candidate = .resetBefore },
      knob("GRU: lecture notes") { $0.candidate = .lectureNotes },
      knob("GRU: recurrent dropout", everyday) { $0.regularization.recurrentDropout = 0.25 },
      knob("GRU: zoneout", everyday) { $0.regularization.zoneoutHidden = 0.1 },
      knob("GRU: clipping", everyday) {
        $0.clipping = Clipping(preActivations: 3, gradients: 1)
      },
      knob("GRU: layer norm of sums") { $0.normalization = .sums() },
    ]
  }

  private static var rnn: [Knob] {
    var (dropout, norm) = (RNNOptions(), RNNOptions())
    dropout.regularization.recurrentDropout = 0.25
    norm.normalization = .sums()
    return [
      Knob(name: "simple RNN", cell: .rnn, options: nil, limit: 1),
      Knob(name: "RNN: recurrent dropout", cell: .rnn, options: dropout, limit: everyday),
      Knob(name: "RNN: layer norm of sums", cell: .rnn, options: norm, limit: other),
    ]
  }
}
