import LinAlg

// A definition's file lists states and nodes by name:
//
//   { "format": "recurrent-cell", "version": 1, "name": "elman",
//     "states": [{ "name": "h", "next": "y" }],
//     "nodes": [{ "name": "W", "op": "project", "of": ["x"], "bias": true },
//               { "name": "U", "op": "project", "of": ["h[t-1]"] },
//               { "name": "s", "op": "add", "of": ["W", "U"] },
//               { "name": "y", "op": "tanh", "of": ["s"] }] }

extension CellDefinition: Codable {
  private static var format: String { "recurrent-cell" }
  private static var version: Int { 1 }

  private enum Key: String, CodingKey { case format, version, name, states, nodes }

  /// Reads a definition, and throws ``CellDefinitionError`` where it is not valid.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.read(decoder) { fields in
      let format = try fields.value("format", as: String.self)
      let version = try fields.value("version", as: Int.self)
      guard format == Self.format, version >= 1, version <= Self.version else {
        throw CellDefinitionError.unknownFormat("\(format) \(version)")
      }
      if let count = try fields.count("nodes") { try CellLimit.nodes.check(count) }
      return try CellDefinition(
        name: fields.value("name"), states: fields.value("states"), nodes: fields.value("nodes"))
    }
  }

  /// Writes the definition with its format and version.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Self.format, forKey: .format)
    try container.encode(Self.version, forKey: .version)
    try container.encode(name, forKey: .name)
    try container.encode(states, forKey: .states)
    try container.encode(nodes, forKey: .nodes)
  }
}

extension CellState: Codable {
  private enum Key: String, CodingKey { case name, next }

  /// Reads a state.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.read(decoder) { fields in
      let name = try fields.value("name", as: String.self)
      guard fields.contains("next") else { throw CellDefinitionError.missingNext(state: name) }
      return try CellState(name, next: CellOperand(fields.value("next")))
    }
  }

  /// Writes a state.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encode(next.description, forKey: .next)
  }
}

extension CellNode: Codable {
  private enum Key: String, CodingKey {
    case name, op, of, bias, initial, value, alpha, beta, limit, rate, perStep, symmetric,
      epsilon
  }

  /// Reads a node.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.read(decoder) { fields in
      let name = try fields.value("name", as: String.self)
      let operands = try fields.value("of", or: [String]()).map { CellOperand($0) }
      let operation = try fields.value("op", as: String.self)
      return CellNode(name, try CellOperation(operation, node: name, &fields), of: operands)
    }
  }

  /// Writes a node.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encode(operation.name, forKey: .op)
    if !operands.isEmpty { try container.encode(operands.map(\.description), forKey: .of) }
    switch operation {
    case .projection(let bias, let form):
      if bias { try container.encode(bias, forKey: .bias) }
      switch form {
      case .full: break
      case .symmetric: try container.encode(true, forKey: .symmetric)
      case .dropped(let rate): try container.encode(rate, forKey: .rate)
      }
    case .standardize(let epsilon): try container.encode(epsilon, forKey: .epsilon)
    case .perUnit(let initial): try container.encode(initial, forKey: .initial)
    case .constant(let value): try container.encode(value, forKey: .value)
    case .activation(let function):
      try container.encodeIfPresent(function.form.alpha, forKey: .alpha)
      try container.encodeIfPresent(function.form.beta, forKey: .beta)
    case .dropoutMask(let rate, let perStep):
      try container.encode(rate, forKey: .rate)
      if perStep { try container.encode(perStep, forKey: .perStep) }
    case .zoneoutMask(let rate): try container.encode(rate, forKey: .rate)
    case .threshold(let alpha): try container.encode(alpha, forKey: .alpha)
    case .clip(let limit), .clipGradient(let limit): try container.encode(limit, forKey: .limit)
    default: break
    }
  }
}

extension CellOperation {
  /// The operation of that name with the coefficients that it has.
  fileprivate init(_ operation: String, node: String, _ fields: inout FileFields) throws {
    switch operation {
    case "project":
      let bias = try fields.value("bias", or: false)
      if try fields.value("symmetric", or: false) {
        self = .projection(bias: bias, form: .symmetric)
      } else {
        let isDropped = fields.contains("rate")
        self = .projection(
          bias: bias, form: isDropped ? .dropped(rate: try fields.value("rate")) : .full)
      }
    case "standardize": self = .standardize(epsilon: try fields.value("epsilon", or: 1e-5))
    case "perUnit": self = .perUnit(initial: try fields.value("initial", or: 0))
    case "constant": self = .constant(try fields.value("value"))
    case "add": self = .add
    case "subtract": self = .subtract
    case "multiply": self = .multiply
    case "oneMinus": self = .oneMinus
    case "dropoutMask":
      self = .dropoutMask(
        rate: try fields.value("rate"), perStep: try fields.value("perStep", or: false))
    case "zoneoutMask": self = .zoneoutMask(rate: try fields.value("rate"))
    case "threshold": self = .threshold(alpha: try fields.value("alpha"))
    case "clip": self = .clip(limit: try fields.value("limit"))
    case "clipGradient": self = .clipGradient(limit: try fields.value("limit"))
    default:
      let usual = Activation(named: operation, alpha: nil, beta: nil)?.form
      let alpha = try usual?.alpha.map { try fields.value("alpha", or: $0) }
      let beta = try usual?.beta.map { try fields.value("beta", or: $0) }
      guard let function = Activation(named: operation, alpha: alpha, beta: beta) else {
        throw CellDefinitionError.unknownOperation(operation, node: node)
      }
      self = .activation(function)
    }
  }
}
