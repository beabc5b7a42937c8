import Foundation
import LinAlg
import Recurrent

/// The kinds of sequences: each is made of dice and a log.
struct SequenceKind {
  let name: String
  let make: (Dice, SharedLog) -> any CallSequence

  init<Layer: SequenceLayer>(_ name: String, _ family: Family<Layer>)
  where Layer.State: MixState {
    self.name = name
    make = { LayerSequence(family, $0, $1) }
  }

  init<Layer: CausalLayer>(causal name: String, _ family: Family<Layer>)
  where Layer.State: MixState {
    self.name = name
    make = { CausalSequence(family, $0, $1) }
  }

  init(_ name: String, _ make: @escaping (Dice, SharedLog) -> any CallSequence) {
    (self.name, self.make) = (name, make)
  }

  static var all: [SequenceKind] {
    [
      SequenceKind(causal: "LSTM<Float>", Families.lstm() as Family<LSTM<Float>>),
      SequenceKind(causal: "LSTM<Double>", Families.lstm() as Family<LSTM<Double>>),
      SequenceKind(causal: "GRU<Float>", Families.gru() as Family<GRU<Float>>),
      SequenceKind(causal: "SimpleRNN<Float>", Families.rnn() as Family<SimpleRNN<Float>>),
      SequenceKind(
        causal: "DefinedLayer<Float>", Families.defined() as Family<DefinedLayer<Float>>),
      SequenceKind(
        causal: "DefinedLayer<Double>", Families.defined() as Family<DefinedLayer<Double>>),
      SequenceKind(
        causal: "Stacked<LSTM<Float>>",
        Families.stacked(Families.lstm())
          as Family<Stacked<LSTM<Float>>>),
      SequenceKind(
        causal: "Stacked<DefinedLayer<Float>>",
        Families.stacked(Families.defined())
          as Family<Stacked<DefinedLayer<Float>>>),
      SequenceKind(
        causal: "Chain<GRU<Float>, LSTM<Float>>",
        Families.chain(Families.gru(), Families.lstm())
          as Family<Chain<GRU<Float>, LSTM<Float>>>),
      SequenceKind(
        "Bidirectional<GRU<Float>>",
        Families.bidirectional(Families.gru())
          as Family<Bidirectional<GRU<Float>>>),
      SequenceKind(
        "Reversed<LSTM<Float>>",
        Families.reversed(Families.lstm())
          as Family<Reversed<LSTM<Float>>>),
      SequenceKind(
        causal: "LearnedInitialState<LSTM<Float>>",
        Families.learned(Families.lstm())
          as Family<LearnedInitialState<LSTM<Float>>>),
      SequenceKind(
        "Stacked<Bidirectional<LSTM<Float>>>",
        Families.stacked(Families.bidirectional(Families.lstm()))
          as Family<Stacked<Bidirectional<LSTM<Float>>>>),
      SequenceKind(
        causal: "LearnedInitialState<Stacked<LSTM<Float>>>",
        Families.learned(Families.stacked(Families.lstm()))
          as Family<LearnedInitialState<Stacked<LSTM<Float>>>>),
      SequenceKind("Graph<Float>") { GraphSequence<Float>($0, $1) },
      SequenceKind("Graph<Double>") { GraphSequence<Double>($0, $1) },
      SequenceKind("LanguageModel") { TextSequence($0, $1) },
    ]
  }
}

/// How the layers of each type are made: few sizes, so that some fit each other almost.
enum Families {
  static func lstm<S: RecurrentScalar>() -> Family<LSTM<S>> {
    Family { dice, D, H in
      let (D, H) = (D ?? dice.size(), H ?? dice.size())
      var options = LSTMOptions()
      if dice.oneIn(3) { options.memory = .diagonal() }
      if dice.oneIn(4) { options.regularization.dropConnect = 0.5 }
      if dice.oneIn(4) { options.inputGate = .coupled }
      do {
        return (
          try LSTM(
            inputSize: D, hiddenSize: H, options: options, recurrentWeights: .glorotUniform,
            using: &dice.rng),
          "LSTM(\(D), \(H), \(options.memory), dropping \(options.regularization.dropConnect), "
            + "input \(options.inputGate))"
        )
      } catch {
        stop("an LSTM of the suite: \(error)")
      }
    }
  }

  static func gru<S: RecurrentScalar>() -> Family<GRU<S>> {
    Family { dice, D, H in
      let (D, H) = (D ?? dice.size(), H ?? dice.size())
      let variant = dice.pick(GRUOptions.Candidate.allCases)
      return (
        GRU(
          inputSize: D, hiddenSize: H, variant: variant, recurrentWeights: .glorotUniform,
          using: &dice.rng),
        "GRU(\(D), \(H), \(variant))"
      )
    }
  }

  static func rnn<S: RecurrentScalar>() -> Family<SimpleRNN<S>> {
    Family { dice, D, H in
      let (D, H) = (D ?? dice.size(), H ?? dice.size())
      let activation: RNNActivation = dice.oneIn(2) ? .tanh : .relu
      return (
        SimpleRNN(
          inputSize: D, hiddenSize: H, activation: activation, recurrentWeights: .glorotUniform,
          using: &dice.rng),
        "SimpleRNN(\(D), \(H), \(activation))"
      )
    }
  }

  /// Cells as data. Sizes are drawn from few, so that two cells often share them.
  static func defined<S: RecurrentScalar>() -> Family<DefinedLayer<S>> {
    Family { dice, D, H in
      // One size that many layers share, so that cells of other weights meet.
      let (own, units) = dice.oneIn(3) ? (3, 3) : (2 + dice.below(3), 2 + dice.below(3))
      let (D, H) = (D ?? own, H ?? (dice.oneIn(6) ? 17 : units))
      var cell = dice.pick(D == H && dice.oneIn(2) ? equalDefinitions : definitions)
      if dice.oneIn(3) { cell.definition = read(cell.definition) }
      let P = cell.isProjected ? max(1, H - 1 - dice.below(2)) : H
      do {
        let layer = try DefinedLayer<S>(
          cell.definition, inputSize: D, hiddenSize: H, outputSize: P,
          recurrentWeights: .glorotUniform, using: &dice.rng)
        return (layer, "DefinedLayer(\(cell.name), \(D), \(H), \(P))")
      } catch {
        stop("\(cell.name): \(error)")
      }
    }
  }

  private struct Cell {
    var name: String
    var definition: CellDefinition
    var isProjected = false
  }

  /// Cells whose inputs are as many as their units, and that record the same sizes with other weights: on
  /// one tape the weights that one draws have no room for the other's.
  private static let equalDefinitions: [Cell] = {
    let (x, h) = (CellExpression.x, CellExpression.state("h"))
    let dropped = Projection("U", form: .dropped(rate: 0.5))
    do {
      return [
        Cell(
          name: "tanh(x + U·h)",
          definition: try CellDefinition("a", states: ["h": tanh(x + dropped(h))])),
        Cell(
          name: "tanh(W·x + U·h)",
          definition: try CellDefinition("b", states: ["h": tanh(Projection("W")(x) + dropped(h))])),
      ]
    } catch {
      stop("a cell of the suite: \(error)")
    }
  }()

  private static let definitions: [Cell] = {
    let (x, h) = (CellExpression.x, CellExpression.state("h"))
    let dropped = ProjectionForm.dropped(rate: 0.5)
    var projected = LSTMOptions()
    projected.projection = 2
    var variants = LSTMOptions()
    variants.memory = .diagonal()
    variants.inputGate = .coupled
    variants.regularization.dropConnect = 0.3
    variants.regularization.zoneoutHidden = 0.2
    var normalized = GRUOptions()
    normalized.normalization = .sums()
    do {
      return [
        Cell(
          name: "tanh(W·x / 2 + U·h)",
          definition: try CellDefinition(
            "a", states: ["h": tanh(Projection("W")(x) * 0.5 + Projection("U", form: dropped)(h))])),
        Cell(
          name: "tanh(W·x σ(V·x) + U·h)",
          definition: try CellDefinition(
            "b",
            states: [
              "h": tanh(
                Projection("W")(x) * sigmoid(Projection("V")(x))
                  + Projection("U", form: dropped)(h))
            ])),
        Cell(
          name: "two states",
          definition: try CellDefinition(
            "c",
            states: [
              "h": tanh(Projection("W")(x) + Projection("U")(CellExpression.state("m"))),
              "m": sigmoid(Projection("V")(h)) * CellExpression.state("m") + .perUnit("b"),
            ])),
        Cell(name: "LSTM, projected", definition: try projected.definition(), isProjected: true),
        Cell(name: "LSTM, variants", definition: try variants.definition()),
        Cell(name: "GRU, normalized", definition: try normalized.definition()),
        Cell(name: "GRU", definition: try GRUOptions(candidate: .resetBefore).definition()),
      ]
    } catch {
      stop("a cell of the suite: \(error)")
    }
  }()

  /// The definition as a file gives it.
  private static func read(_ definition: CellDefinition) -> CellDefinition {
    do {
      return try JSONDecoder().decode(
        CellDefinition.self, from: try JSONEncoder().encode(definition))
    } catch {
      stop("\(definition.name) cannot be read back: \(error)")
    }
  }

  // MARK: Layers made of others

  static func stacked<Layer>(_ inner: Family<Layer>) -> Family<Stacked<Layer>> {
    var family = Family<Stacked<Layer>> { dice, D, _ in
      let dropout = dice.oneIn(2) ? 0.4 : 0
      var (layers, names) = ([Layer](), [String]())
      for _ in 0..<1 + dice.below(3) {
        let made = inner.make(&dice, layers.last?.outputSize ?? D, nil)
        layers.append(made.layer)
        names.append(made.configuration)
      }
      return (
        Stacked(layers, dropout: dropout),
        "Stacked([\(names.joined(separator: ", "))], dropout: \(dropout))"
      )
    }
    family.leavesBlocksUnread = inner.leavesBlocksUnread
    family.mix = { own, other, dice in
      switch dice.below(3) {
      case 0:
        own.parts.removeLast()
        return "parts.removeLast() beside that"
      case 1:
        own.parts.append(other.parts[0])
        return "parts.append(parts[0])"
      default:
        let (i, j) = (dice.below(own.parts.count), dice.below(other.parts.count))
        own.parts[i] = other.parts[j]
        return "parts[\(i)] = parts[\(j)]"
      }
    }
    family.recordInside = { stack, tape, dice in
      let k = dice.below(stack.count)
      let layer = stack[layer: k]
      let x: SequenceBatch<Layer.Scalar> = dice.batch(1 + dice.below(3), 1, layer.inputSize)
      return (
        "layer \(k) records \(x.shape) on layers[\(k)]",
        {
          layer.forward(
            x, from: nil, lengths: nil, threads: 1, recording: stack.recording(ofLayer: k, in: tape)
          )
        }
      )
    }
    return family
  }

  static func chain<Lower, Upper>(
    _ lower: Family<Lower>, _ upper: Family<Upper>
  ) -> Family<Chain<Lower, Upper>> {
    var family = Family<Chain<Lower, Upper>> { dice, D, H in
      let dropout = dice.oneIn(2) ? 0.4 : 0
      let first = lower.make(&dice, D, nil)
      let second = upper.make(&dice, first.layer.outputSize, H)
      return (
        Chain(first.layer, second.layer, dropout: dropout),
        "Chain(\(first.configuration), \(second.configuration), dropout: \(dropout))"
      )
    }
    family.leavesBlocksUnread = lower.leavesBlocksUnread || upper.leavesBlocksUnread
    family.mix = { own, other, dice in
      if dice.oneIn(2) {
        own.lower = other.lower
        return "lower = lower"
      }
      own.upper = other.upper
      return "upper = upper"
    }
    family.recordInside = { chain, tape, dice in
      let layer = chain.upper
      let x: SequenceBatch<Upper.Scalar> = dice.batch(1 + dice.below(3), 1, layer.inputSize)
      return (
        "the upper layer records \(x.shape) on its recording",
        {
          layer.forward(
            x, from: nil, lengths: nil, threads: 1, recording: chain.upperRecording(in: tape))
        }
      )
    }
    return family
  }

  static func bidirectional<Layer>(_ inner: Family<Layer>) -> Family<Bidirectional<Layer>> {
    var family = Family<Bidirectional<Layer>> { dice, D, H in
      let merge = dice.pick(DirectionMerge.allCases)
      let first = inner.make(&dice, D, H)
      let second = inner.make(
        &dice, first.layer.inputSize, merge == .concatenate ? nil : first.layer.outputSize)
      return (
        Bidirectional(forward: first.layer, backward: second.layer, merge: merge),
        "Bidirectional(\(first.configuration), \(second.configuration), \(merge))"
      )
    }
    family.leavesBlocksUnread = inner.leavesBlocksUnread
    family.mix = { own, other, dice in
      if dice.oneIn(2) {
        own.forward = other.forward
        return "forward = forward"
      }
      own.backward = other.forward
      return "backward = forward"
    }
    family.recordInside = { layer, tape, dice in
      let forward = layer.forwardLayer
      let x: SequenceBatch<Layer.Scalar> = dice.batch(1 + dice.below(3), 1, layer.inputSize)
      return (
        "the forward layer records \(x.shape) on .forward",
        {
          forward.forward(
            x, from: nil, lengths: nil, threads: 1, recording: layer.forwardRecording(in: tape))
        }
      )
    }
    return family
  }

  static func reversed<Layer>(_ inner: Family<Layer>) -> Family<Reversed<Layer>> {
    var family = Family<Reversed<Layer>> { dice, D, H in
      let made = inner.make(&dice, D, H)
      return (Reversed(made.layer), "Reversed(\(made.configuration))")
    }
    family.leavesBlocksUnread = inner.leavesBlocksUnread
    family.recordInside = { layer, tape, dice in
      let inner = layer.layer
      let x: SequenceBatch<Layer.Scalar> = dice.batch(1 + dice.below(3), 4, layer.inputSize)
      return (
        "the layer records \(x.shape) on .inner",
        {
          inner.forward(
            x, from: nil, lengths: nil, threads: 1, recording: layer.recording(in: tape))
        }
      )
    }
    return family
  }

  static func learned<Layer>(_ inner: Family<Layer>) -> Family<LearnedInitialState<Layer>> {
    var family = Family<LearnedInitialState<Layer>> { dice, D, H in
      let made = inner.make(&dice, D, H)
      return (
        LearnedInitialState(made.layer), "LearnedInitialState(\(made.configuration))"
      )
    }
    family.leavesBlocksUnread = true
    family.mix = { own, other, dice in
      if dice.oneIn(2) {
        own.initial = other.initial
        return "initial = initial"
      }
      own.layer = other.layer
      return "layer = layer"
    }
    family.recordInside = { layer, tape, dice in
      let inner = layer.layer
      let x: SequenceBatch<Layer.Scalar> = dice.batch(1 + dice.below(3), 1, layer.inputSize)
      return (
        "the layer records \(x.shape) on .inner",
        {
          inner.forward(
            x, from: nil, lengths: nil, threads: 1, recording: layer.recording(in: tape))
        }
      )
    }
    return family
  }
}
