// RNN, LSTM, GRU.

enum RecurrentOperators {
  static func node(
    _ kind: RecurrentCell.Operator
  ) -> (inout NodeReader) throws(OnnxError) -> CompiledNode {
    { (reader) throws(OnnxError) in
      let isLSTM = kind == .lstm
      try reader.inputs(3, upTo: isLSTM ? 8 : 6)
      try reader.outputs(upTo: isLSTM ? 3 : 2)
      let type = try reader.type(0, among: .floats)
      for i in [1, 2, 3, 5, 6, 7] { try reader.expect(i, type) }
      try reader.expect(4, .int32)
      return type == .float32
        ? try node(kind, &reader, Float.self) : try node(kind, &reader, Double.self)
    }
  }

  private static func node<S: OnnxFloat>(
    _ kind: RecurrentCell.Operator, _ reader: inout NodeReader, _: S.Type
  ) throws(OnnxError) -> CompiledNode {
    let directionName = try reader.string("direction") ?? "forward"
    guard let direction = RecurrentNode<S>.Direction(rawValue: directionName) else {
      throw OnnxError(.unsupported, "direction '\(directionName)'")
    }
    let layout = try reader.int("layout", default: 0, since: 14)
    guard layout == 0 || layout == 1 else {
      throw OnnxError(.unsupported, "layout \(layout)")
    }
    var node = try RecurrentNode<S>(
      cells: cells(kind, direction == .bidirectional ? 2 : 1, &reader), direction: direction,
      hiddenSize: reader.int("hidden_size"), isBatchFirst: layout == 1)
    func constant(_ place: Int) -> OnnxTensor? {
      place < reader.constants.count ? reader.constants[place] : nil
    }
    let areKnown = [1, 2, 3, 7].allSatisfy {
      reader.optionalType($0) == nil || constant($0) != nil
    }
    if areKnown, let input = constant(1), let recurrent = constant(2) {
      try node.keep(
        RecurrentWeights(
          input: input, recurrent: recurrent, biases: constant(3), peepholes: constant(7)),
        reader.limits)
    }
    let made = node
    let outputs = kind == .lstm ? 3 : 2
    var compiled = CompiledNode(
      [OnnxElementType](repeating: S.onnxType, count: outputs),
      appending: { (inputs, results, context) throws(OnnxError) in
        try made.run(inputs, &results, context)
      })
    if areKnown { compiled.packedInputs = [1, 2, 3, 7] }
    return compiled
  }

  /// The cells of all directions.
  private static func cells(
    _ kind: RecurrentCell.Operator, _ directions: Int, _ reader: inout NodeReader
  ) throws(OnnxError) -> [RecurrentCell] {
    let usual = RecurrentCell.usualFunctions(kind)
    let names =
      try reader.strings("activations")
      ?? [[String]](repeating: usual, count: directions).flatMap(\.self)
    guard names.count == usual.count * directions else {
      throw OnnxError(
        .malformed, "\(names.count) activations, expected \(usual.count * directions)")
    }
    let functions = try GateFunction.functions(
      names, alphas: reader.floats("activation_alpha") ?? [],
      betas: reader.floats("activation_beta") ?? [])
    let clip = try reader.float("clip").map { Double($0) }
    if let clip, !(clip > 0 && clip.isFinite) {
      throw OnnxError(.malformed, "clip \(clip), expected a number above 0")
    }
    var cell = RecurrentCell(kind: kind, functions: [], clip: clip)
    if kind == .lstm {
      cell.couplesForgetGate = try reader.flag("input_forget", default: false)
      cell.hasPeepholes = reader.optionalType(7) != nil
    }
    if kind == .gru {
      cell.resetsAfterProduct = try reader.flag("linear_before_reset", default: false)
    }
    return (0..<directions).map { direction in
      var one = cell
      one.functions = Array(functions[(direction * usual.count)..<((direction + 1) * usual.count)])
      return one
    }
  }
}
