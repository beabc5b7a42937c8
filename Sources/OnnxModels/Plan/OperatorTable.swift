import LinAlg

/// The operators that this library runs.
enum OperatorTable {
  typealias Compile = @Sendable (inout NodeReader) throws(OnnxError) -> CompiledNode
  typealias CompileInGraph =
    @Sendable (inout NodeReader, GraphCompiler) throws(OnnxError) -> CompiledNode

  /// The newest version of the operator set that this library knows.
  static let newestOpset = 28

  /// The version from which on an operator is what it is here, where that is not 13.
  private static let firstOpsets = [
    "LayerNormalization": 17, "And": 7, "Or": 7, "Not": 1, "Where": 9, "Range": 11, "CumSum": 11,
    "GatherElements": 11, "TopK": 11, "ConstantOfShape": 9, "Expand": 8, "RNN": 7, "LSTM": 7,
    "GRU": 7, "BatchNormalization": 9, "Scan": 9, "If": 11, "Loop": 11, "Identity": 1, "Tanh": 6,
    "Sigmoid": 6, "Relu": 6, "Exp": 6, "Log": 6, "Sqrt": 6, "Neg": 6, "Add": 7, "Sub": 7,
    "Mul": 7, "Div": 7, "Transpose": 1, "Concat": 4, "Tile": 6, "Equal": 7, "Less": 7,
    "Greater": 7, "Constant": 1, "Dropout": 7,
  ]

  /// The names of all operators.
  static var names: [String] { (Array(controlFlow.keys) + table.keys).sorted() }

  /// What a node does.
  ///
  /// - Throws: what this library does not support.
  static func compile(
    _ reader: inout NodeReader, in graph: GraphCompiler
  ) throws(OnnxError) -> CompiledNode {
    let (name, domain) = (reader.proto.opType, reader.proto.domain)
    guard domain.isEmpty || domain == "ai.onnx" else {
      throw OnnxError(
        .unsupported, "operator '\(name)' of domain '\(domain)' is not supported")
    }
    let first = firstOpsets[name] ?? 13
    guard reader.opset >= first else {
      throw OnnxError(
        .unsupported,
        "operator '\(name)' of operator set \(reader.opset), supported from \(first) on")
    }
    if let compile = controlFlow[name] { return try compile(&reader, graph) }
    guard let compile = table[name] else {
      throw OnnxError(.unsupported, "operator '\(name)' is not supported")
    }
    return try compile(&reader)
  }

  /// The operators that have graphs of their own.
  private static let controlFlow: [String: CompileInGraph] = [
    "If": { (reader, graph) throws(OnnxError) in try ControlFlow.branch(&reader, graph) },
    "Loop": { (reader, graph) throws(OnnxError) in try ControlFlow.loop(&reader, graph) },
    "Scan": { (reader, graph) throws(OnnxError) in try ControlFlow.scan(&reader, graph) },
  ]

  private static let table: [String: Compile] = [
    "RNN": { (r) throws(OnnxError) in try RecurrentOperators.node(.rnn)(&r) },
    "LSTM": { (r) throws(OnnxError) in try RecurrentOperators.node(.lstm)(&r) },
    "GRU": { (r) throws(OnnxError) in try RecurrentOperators.node(.gru)(&r) },
    "MatMul": { (r) throws(OnnxError) in try ProductOperators.matMul(&r) },
    "Gemm": { (r) throws(OnnxError) in try ProductOperators.gemm(&r) },
    "Add": { (r) throws(OnnxError) in try ArithmeticOperators.add(&r) },
    "Sub": { (r) throws(OnnxError) in try ArithmeticOperators.subtract(&r) },
    "Mul": { (r) throws(OnnxError) in try ArithmeticOperators.multiply(&r) },
    "Div": { (r) throws(OnnxError) in try ArithmeticOperators.divide(&r) },
    "Pow": { (r) throws(OnnxError) in try ArithmeticOperators.power(&r) },
    "Sqrt": { (r) throws(OnnxError) in try ArithmeticOperators.squareRoot(&r) },
    "Neg": { (r) throws(OnnxError) in try ArithmeticOperators.negate(&r) },
    "Exp": { (r) throws(OnnxError) in try ArithmeticOperators.activation(.exp)(&r) },
    "Log": { (r) throws(OnnxError) in try ArithmeticOperators.logarithm(&r) },
    "Relu": { (r) throws(OnnxError) in try ArithmeticOperators.relu(&r) },
    "Tanh": { (r) throws(OnnxError) in try ArithmeticOperators.activation(.tanh)(&r) },
    "Sigmoid": { (r) throws(OnnxError) in try ArithmeticOperators.activation(.sigmoid)(&r) },
    "Transpose": { (r) throws(OnnxError) in try CopyOperators.transpose(&r) },
    "Slice": { (r) throws(OnnxError) in try CopyOperators.slice(&r) },
    "Split": { (r) throws(OnnxError) in try CopyOperators.split(&r) },
    "Concat": { (r) throws(OnnxError) in try CopyOperators.concatenate(&r) },
    "Expand": { (r) throws(OnnxError) in try CopyOperators.expand(&r) },
    "Tile": { (r) throws(OnnxError) in try CopyOperators.tile(&r) },
    "Cast": { (r) throws(OnnxError) in try CopyOperators.cast(&r) },
    "Squeeze": { (r) throws(OnnxError) in try ShapeOperators.squeeze(&r) },
    "Unsqueeze": { (r) throws(OnnxError) in try ShapeOperators.unsqueeze(&r) },
    "Reshape": { (r) throws(OnnxError) in try ShapeOperators.reshape(&r) },
    "Flatten": { (r) throws(OnnxError) in try ShapeOperators.flatten(&r) },
    "Shape": { (r) throws(OnnxError) in try ShapeOperators.shape(&r) },
    "Identity": { (r) throws(OnnxError) in try ShapeOperators.identity(&r) },
    "Dropout": { (r) throws(OnnxError) in try ShapeOperators.dropout(&r) },
    "Constant": { (r) throws(OnnxError) in try ShapeOperators.constant(&r) },
    "ConstantOfShape": { (r) throws(OnnxError) in try ShapeOperators.constantOfShape(&r) },
    "Range": { (r) throws(OnnxError) in try ShapeOperators.range(&r) },
    "Gather": { (r) throws(OnnxError) in try IndexOperators.gather(&r) },
    "GatherElements": { (r) throws(OnnxError) in try IndexOperators.gatherElements(&r) },
    "ScatterElements": { (r) throws(OnnxError) in try IndexOperators.scatterElements(&r) },
    "ArgMax": { (r) throws(OnnxError) in try IndexOperators.argMax(&r) },
    "TopK": { (r) throws(OnnxError) in try IndexOperators.topK(&r) },
    "ReduceSum": { (r) throws(OnnxError) in try ReductionOperators.sum(&r) },
    "ReduceMean": { (r) throws(OnnxError) in try ReductionOperators.mean(&r) },
    "ReduceMax": { (r) throws(OnnxError) in try ReductionOperators.maximum(&r) },
    "CumSum": { (r) throws(OnnxError) in try ReductionOperators.cumulativeSum(&r) },
    "Softmax": { (r) throws(OnnxError) in try ReductionOperators.softmax(.softmax)(&r) },
    "LogSoftmax": { (r) throws(OnnxError) in try ReductionOperators.softmax(.logSoftmax)(&r) },
    "LayerNormalization": { (r) throws(OnnxError) in try NormalizationOperators.layer(&r) },
    "BatchNormalization": { (r) throws(OnnxError) in try NormalizationOperators.batch(&r) },
    "Equal": { (r) throws(OnnxError) in try LogicOperators.equal(&r) },
    "Less": { (r) throws(OnnxError) in try LogicOperators.less(&r) },
    "Greater": { (r) throws(OnnxError) in try LogicOperators.greater(&r) },
    "And": { (r) throws(OnnxError) in try LogicOperators.and(&r) },
    "Or": { (r) throws(OnnxError) in try LogicOperators.or(&r) },
    "Not": { (r) throws(OnnxError) in try LogicOperators.not(&r) },
    "Where": { (r) throws(OnnxError) in try LogicOperators.choose(&r) },
  ]
}
