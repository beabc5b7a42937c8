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
    let container = try decoder.container(keyedBy: Key.self)
    let format = try container.decode(String.self, forKey: .format)
    let version = try container.decode(Int.self, forKey: .version)
    guard format == Self.format, version >= 1, version <= Self.version else {
      throw CellDefinitionError.unknownFormat("\(format) \(version)")
    }
    try self.init(
      name: container.decode(String.self, forKey: .name),
      states: container.decode([CellState].self, forKey: .states),
      nodes: container.decode([CellNode].self, forKey: .nodes))
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
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    guard let next = try container.decodeIfPresent(String.self, forKey: .next) else {
      throw CellDefinitionError.missingNext(state: name)
    }
    self.next = CellOperand(next)
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
    let container = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double? {
      try container.decodeIfPresent(Double.self, forKey: key)
    }
    name = try container.decode(String.self, forKey: .name)
    operands = (try container.decodeIfPresent([String].self, forKey: .of) ?? [])
      .map { CellOperand($0) }
    switch try container.decode(String.self, forKey: .op) {
    case "project":
      let symmetric = try container.decodeIfPresent(Bool.self, forKey: .symmetric) ?? false
      if symmetric && container.contains(.rate) {
        throw DecodingError.dataCorruptedError(
          forKey: .rate, in: container,
          debugDescription: "symmetric weights, those of '\(name)', are not dropped at random")
      }
      let form =
        symmetric ? ProjectionForm.symmetric : try number(.rate).map { .dropped(rate: $0) } ?? .full
      operation = .projection(
        bias: try container.decodeIfPresent(Bool.self, forKey: .bias) ?? false, form: form)
    case "standardize":
      operation = .standardize(epsilon: try container.decode(Double.self, forKey: .epsilon))
    case "perUnit": operation = .perUnit(initial: try number(.initial) ?? 0)
    case "constant": operation = .constant(try container.decode(Double.self, forKey: .value))
    case "add": operation = .add
    case "subtract": operation = .subtract
    case "multiply": operation = .multiply
    case "oneMinus": operation = .oneMinus
    case "dropoutMask":
      operation = .dropoutMask(
        rate: try container.decode(Double.self, forKey: .rate),
        perStep: try container.decodeIfPresent(Bool.self, forKey: .perStep) ?? false)
    case "zoneoutMask":
      operation = .zoneoutMask(rate: try container.decode(Double.self, forKey: .rate))
    case "threshold":
      operation = .threshold(alpha: try container.decode(Double.self, forKey: .alpha))
    case "clip": operation = .clip(limit: try container.decode(Double.self, forKey: .limit))
    case "clipGradient":
      operation = .clipGradient(limit: try container.decode(Double.self, forKey: .limit))
    case let other:
      guard
        let function = Activation(
          named: other, alpha: try number(.alpha), beta: try number(.beta))
      else { throw CellDefinitionError.unknownOperation(other, node: name) }
      operation = .activation(function)
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
