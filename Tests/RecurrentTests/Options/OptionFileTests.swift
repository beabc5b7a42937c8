import Foundation
import LinAlg
import Recurrent
import Testing

/// Files of options: what is absent has its default, and what is unknown is refused by its name.
@Suite struct OptionFileTests {
  func read<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  /// That the file is refused with an error that holds `text`.
  func expectRefused<Value: Decodable>(_ file: String, as type: Value.Type, _ text: String) {
    do {
      Issue.record("read \(try read(file, as: type)) from \(file)")
    } catch {
      #expect("\(error)".contains(text), "\(error) does not say \(text)")
    }
  }

  @Test func `an empty file is the plain layer`() throws {
    #expect(try read("{}") == LSTMOptions())
    #expect(try read("{}") == GRUOptions())
    #expect(try read("{}") == RNNOptions())
    #expect(try read("{}") == Clipping())
    #expect(try read("{}") == Regularization())
  }

  @Test func `some of the options`() throws {
    var expected = LSTMOptions()
    expected.forgetGate = nil
    expected.memory = .diagonal()
    expected.clipping.cell = 3
    expected.regularization.dropConnect = 0.5
    expected.normalization = .sums()
    expected.outputGate = .hardSigmoid()
    let file = """
      { "forgetGate": null, "memory": { "diagonal": {} }, "clipping": { "cell": 3 },
        "regularization": { "dropConnect": 0.5 }, "normalization": { "sums": {} },
        "outputGate": { "hardSigmoid": {} } }
      """
    #expect(try read(file) == expected)
  }

  @Test func `choices with values that may be absent`() throws {
    let activations: [(String, GateActivation)] = [
      ("leakyRelu", .leakyRelu()), ("thresholdedRelu", .thresholdedRelu()),
      ("hardSigmoid", .hardSigmoid()), ("elu", .elu()), ("tanh", .tanh), ("softplus", .softplus),
    ]
    for (name, activation) in activations { #expect(try read("{\"\(name)\":{}}") == activation) }
    #expect(
      try read("{\"hardSigmoid\":{\"beta\":1}}") == GateActivation.hardSigmoid(beta: 1))
    #expect(try read("{\"products\":{}}") == LayerNormalization.products())
    #expect(try read("{\"full\":{}}") == LSTMOptions.Memory.full())
    #expect(
      try read("{\"gate\":{\"_0\":{\"relu\":{}}}}") == LSTMOptions.InputGate.gate(.relu))
  }

  @Test func `unknown names are refused`() {
    expectRefused("{\"zoneout\":0.1}", as: LSTMOptions.self, "'zoneout' is unknown")
    expectRefused("{\"forgetGate\":{\"tanh\":{}}}", as: GRUOptions.self, "'forgetGate' is unknown")
    expectRefused("{\"bias\":true}", as: RNNOptions.self, "'bias' is unknown")
    expectRefused("{\"gradient\":1}", as: Clipping.self, "'gradient' is unknown")
    expectRefused("{\"dropout\":0.5}", as: Regularization.self, "'dropout' is unknown")
    expectRefused(
      "{\"clipping\":{\"cel\":3}}", as: LSTMOptions.self, "'cel' is unknown; known here: 'cell'")
    expectRefused("{\"sine\":{}}", as: GateActivation.self, "'sine', expected one of 'affine'")
    expectRefused("{\"elu\":{\"alhpa\":1}}", as: GateActivation.self, "'alhpa' is unknown")
    expectRefused("{\"relu\":{\"alpha\":1}}", as: GateActivation.self, "'alpha' is unknown")
    expectRefused("{\"relu\":{},\"elu\":{}}", as: GateActivation.self, "'elu', 'relu'")
    expectRefused("{\"sums\":{\"eps\":1}}", as: LayerNormalization.self, "'eps' is unknown")
    expectRefused(
      "{\"diagonal\":{\"candidates\":true}}", as: LSTMOptions.Memory.self,
      "'candidates' is unknown")
    expectRefused("{\"closed\":{}}", as: LSTMOptions.InputGate.self, "'closed'")
    expectRefused("{\"affine\":{\"alpha\":1}}", as: GateActivation.self, "beta")
    expectRefused("{\"candidate\":\"sideways\"}", as: GRUOptions.self, "sideways")
  }

  /// An option that its file does not know would be lost in it.
  @Test func `every option is in the file`() throws {
    func check<Options: Codable>(_ options: Options) throws {
      let data = try JSONEncoder().encode(options)
      let object = try JSONSerialization.jsonObject(with: data)
      let names = try #require(object as? [String: Any]).keys
      let expected = Mirror(reflecting: options).children.compactMap(\.label)
      #expect(Set(names) == Set(expected), "\(Options.self)")
    }
    try check(LSTMOptions())
    try check(GRUOptions())
    try check(RNNOptions())
    try check(Clipping())
    try check(Regularization())
  }
}
