import Recurrent

/// Options in which every pair of choices occurs, without those that are refused.
enum OptionSamples {
  static let seed: UInt64 = 11

  static var lstm: [LSTMOptions] {
    let memory: [LSTMOptions.Memory] = [
      .none, .diagonal(), .diagonal(candidate: true), .full(), .full(candidate: true),
      .symmetric(), .symmetric(candidate: true),
    ]
    let input: [LSTMOptions.InputGate] = [
      .gate(.sigmoid), .gate(.hardSigmoid()), .coupled, .open,
    ]
    let gates: [GateActivation?] = [.sigmoid, nil, .scaledTanh(alpha: 0.7, beta: 0.9)]
    let candidates: [GateActivation] = [.tanh, .identity, .softsign, .leakyRelu(alpha: 0.3)]
    let outputs: [GateActivation] = [
      .tanh, .identity, .softplus, .elu(), .thresholdedRelu(alpha: -0.2),
    ]
    let rows = coveringSet([7, 4, 3, 3, 4, 5, 2, 2, 2, 3, 2, 2, 2, 2, 3], seed: seed)
    return rows.map { row in
      var o = LSTMOptions()
      o.memory = memory[row[0]]
      o.inputGate = input[row[1]]
      o.forgetGate = gates[row[2]]
      o.outputGate = gates[row[3]]
      o.candidateActivation = candidates[row[4]]
      o.outputActivation = outputs[row[5]]
      o.clipping.preActivations = [nil, 0.7][row[6]]
      o.clipping.cell = [nil, 0.6][row[7]]
      regularize(&o.regularization, Array(row[8...]))
      o.regularization.dropConnect = [0, 0.3][row[11]]
      o.regularization.zoneoutCell = [0, 0.3][row[12]]
      o.projection = [nil, 3][row[13]]
      o.normalization = normalizations[row[14]]
      return o
    }.filter { (try? $0.definition()) != nil }
  }

  static var gru: [GRUOptions] {
    let gates: [GateActivation] = [
      .sigmoid, .hardSigmoid(), .affine(alpha: 0.3, beta: 0.4), .softsign,
    ]
    let candidates: [GateActivation] = [.tanh, .softsign, .scaledTanh(alpha: 0.8, beta: 1.1)]
    return coveringSet([3, 4, 4, 3, 2, 2, 3, 2, 2, 3], seed: seed).map { row in
      var o = GRUOptions()
      o.candidate = GRUOptions.Candidate.allCases[row[0]]
      o.resetGate = gates[row[1]]
      o.updateGate = gates[row[2]]
      o.candidateActivation = candidates[row[3]]
      o.clipping.preActivations = [nil, 0.7][row[4]]
      regularize(&o.regularization, Array(row[5...]))
      o.regularization.dropConnect = [0, 0.3][row[8]]
      o.normalization = normalizations[row[9]]
      return o
    }
  }

  static var rnn: [RNNOptions] {
    let activations: [GateActivation] = [
      .tanh, .relu, .softplus, .thresholdedRelu(alpha: 0.1), .elu(alpha: 1.2),
    ]
    return coveringSet([5, 2, 2, 3, 2, 2, 3], seed: seed).map { row in
      var o = RNNOptions()
      o.activation = activations[row[0]]
      o.clipping.preActivations = [nil, 0.7][row[1]]
      regularize(&o.regularization, Array(row[2...]))
      o.regularization.dropConnect = [0, 0.3][row[5]]
      o.normalization = normalizations[row[6]]
      return o
    }
  }

  static let normalizations: [LayerNormalization] = [
    .none, .sums(epsilon: 0.1), .products(epsilon: 0.1),
  ]

  /// All of them, as what they have in common.
  static var all: [any LayerOptions] { lstm + gru + rnn }

  private static func regularize(_ r: inout Regularization, _ row: [Int]) {
    r.recurrentDropout = [0, 0.4][row[0]]
    r.candidateDropout = [0, 0.3, 0.3][row[1]]
    r.candidateDropoutPerStep = row[1] == 2
    r.zoneoutHidden = [0, 0.25][row[2]]
  }
}
