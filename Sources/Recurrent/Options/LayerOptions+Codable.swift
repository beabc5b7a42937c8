// How options are read and written. In a file, what is absent has its default, and what is unknown is
// refused by name.

extension LSTMOptions {
  private static var fields: OptionFields<Self> {
    OptionFields(
      .init("memory", \.memory), .init("inputGate", \.inputGate),
      .init("forgetGate", \.forgetGate), .init("outputGate", \.outputGate),
      .init("candidateActivation", \.candidateActivation),
      .init("outputActivation", \.outputActivation), .init("forgetBias", \.forgetBias),
      .init("projection", \.projection), .init("normalization", \.normalization),
      .init("clipping", \.clipping), .init("regularization", \.regularization))
  }

  /// Reads options; what is absent has its default.
  public init(from decoder: any Decoder) throws {
    self = try Self.fields.read(Self(), from: decoder)
  }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try Self.fields.write(self, to: encoder) }
}

extension GRUOptions {
  private static var fields: OptionFields<Self> {
    OptionFields(
      .init("candidate", \.candidate), .init("resetGate", \.resetGate),
      .init("updateGate", \.updateGate), .init("candidateActivation", \.candidateActivation),
      .init("clipping", \.clipping), .init("regularization", \.regularization),
      .init("normalization", \.normalization))
  }

  /// Reads options; what is absent has its default.
  public init(from decoder: any Decoder) throws {
    self = try Self.fields.read(Self(), from: decoder)
  }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try Self.fields.write(self, to: encoder) }
}

extension RNNOptions {
  private static var fields: OptionFields<Self> {
    OptionFields(
      .init("activation", \.activation), .init("clipping", \.clipping),
      .init("regularization", \.regularization), .init("normalization", \.normalization))
  }

  /// Reads options; what is absent has its default.
  public init(from decoder: any Decoder) throws {
    self = try Self.fields.read(Self(), from: decoder)
  }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try Self.fields.write(self, to: encoder) }
}

extension Clipping {
  private static var fields: OptionFields<Self> {
    OptionFields(
      .init("preActivations", \.preActivations), .init("cell", \.cell),
      .init("gradients", \.gradients))
  }

  /// Reads limits; what is absent limits nothing.
  public init(from decoder: any Decoder) throws {
    self = try Self.fields.read(Self(), from: decoder)
  }

  /// Writes all limits.
  public func encode(to encoder: any Encoder) throws { try Self.fields.write(self, to: encoder) }
}

extension Regularization {
  private static var fields: OptionFields<Self> {
    OptionFields(
      .init("recurrentDropout", \.recurrentDropout), .init("dropConnect", \.dropConnect),
      .init("candidateDropout", \.candidateDropout),
      .init("candidateDropoutPerStep", \.candidateDropoutPerStep),
      .init("zoneoutHidden", \.zoneoutHidden), .init("zoneoutCell", \.zoneoutCell))
  }

  /// Reads rates; what is absent changes nothing.
  public init(from decoder: any Decoder) throws {
    self = try Self.fields.read(Self(), from: decoder)
  }

  /// Writes all rates.
  public func encode(to encoder: any Encoder) throws { try Self.fields.write(self, to: encoder) }
}

// MARK: Choices: a name, and values that may be absent where they have defaults

extension GateActivation {
  /// Reads an activation, such as `{ "relu": {} }` or `{ "affine": { "alpha": 2, "beta": 1 } }`.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.readCase(
      decoder,
      [
        "relu": { _ in .relu },
        "tanh": { _ in .tanh },
        "sigmoid": { _ in .sigmoid },
        "affine": { try .affine(alpha: $0.value("alpha"), beta: $0.value("beta")) },
        "leakyRelu": { try .leakyRelu(alpha: $0.value("alpha", or: 0.01)) },
        "thresholdedRelu": { try .thresholdedRelu(alpha: $0.value("alpha", or: 1)) },
        "scaledTanh": { try .scaledTanh(alpha: $0.value("alpha"), beta: $0.value("beta")) },
        "hardSigmoid": {
          try .hardSigmoid(alpha: $0.value("alpha", or: 0.2), beta: $0.value("beta", or: 0.5))
        },
        "elu": { try .elu(alpha: $0.value("alpha", or: 1)) },
        "softsign": { _ in .softsign },
        "softplus": { _ in .softplus },
      ])
  }
}

extension LayerNormalization {
  /// Reads a kind of normalization, such as `{ "sums": {} }`.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.readCase(
      decoder,
      [
        "none": { _ in .none },
        "sums": { try .sums(epsilon: $0.value("epsilon", or: 1e-5)) },
        "products": { try .products(epsilon: $0.value("epsilon", or: 1e-5)) },
      ])
  }
}

extension LSTMOptions.Memory {
  /// Reads a kind of connections, such as `{ "diagonal": { "candidate": true } }`.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.readCase(
      decoder,
      [
        "none": { _ in .none },
        "diagonal": { try .diagonal(candidate: $0.value("candidate", or: false)) },
        "symmetric": { try .symmetric(candidate: $0.value("candidate", or: false)) },
        "full": { try .full(candidate: $0.value("candidate", or: false)) },
      ])
  }
}

extension LSTMOptions.InputGate {
  /// Reads a kind of gate, such as `{ "coupled": {} }`; the activation of a gate is its field `_0`.
  public init(from decoder: any Decoder) throws {
    self = try FileFields.readCase(
      decoder,
      [
        "gate": { try .gate($0.value("_0")) },
        "coupled": { _ in .coupled },
        "open": { _ in .open },
      ])
  }
}
