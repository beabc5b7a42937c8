import Foundation

/// What a client asks for: how many characters, behind which text, drawn how.
public struct GenerationRequest: Hashable, Sendable {
  /// What the text begins with; where it is empty the model goes on after a line break.
  public var prompt: String
  /// How many characters to write.
  public var length: Int
  /// Which of all texts: the same request gives the same text.
  public var seed: UInt64
  /// How freely: 1 as the model is, less for the likelier, 0 for the likeliest.
  public var temperature: Double

  /// A request.
  public init(prompt: String, length: Int = 200, seed: UInt64 = 0, temperature: Double = 0.7) {
    self.prompt = prompt
    self.length = length
    self.seed = seed
    self.temperature = temperature
  }
}

/// What a server lets clients ask for.
public struct GenerationLimits: Sendable {
  /// The longest prompt, in characters (Unicode scalars).
  public var prompt = 1000
  /// The longest answer, in characters.
  public var length = 2000
  /// The largest request, in bytes.
  public var bytes = 1 << 16

  /// The usual limits.
  public init() {}
}

/// Why a request is not one that can be answered, in words for the client.
public struct RequestError: Error, Hashable, CustomStringConvertible {
  /// One line.
  public var description: String
}

extension GenerationRequest: Codable {
  private enum Field: String, CodingKey, CaseIterable {
    case prompt, length, seed, temperature
  }

  /// Any name, so that one that is none of the fields is seen.
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Reads the fields that are there; the others are as usual.
  public init(from decoder: any Decoder) throws {
    for name in try decoder.container(keyedBy: Name.self).allKeys
    where Field(rawValue: name.stringValue) == nil {
      throw RequestError(
        description: "unknown field \"\(name.stringValue)\", expected some of "
          + Field.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let fields = try decoder.container(keyedBy: Field.self)
    self.init(prompt: try fields.decode(String.self, forKey: .prompt))
    length = try Self.wholeNumber(fields, .length) ?? length
    seed = try Self.wholeNumber(fields, .seed) ?? seed
    temperature = try fields.decodeIfPresent(Double.self, forKey: .temperature) ?? temperature
  }

  /// A number; where it does not fit the decoder throws an error of its own, and calls all of it no JSON.
  private static func wholeNumber<Number: FixedWidthInteger & Decodable>(
    _ fields: KeyedDecodingContainer<Field>, _ field: Field
  ) throws -> Number? {
    do {
      return try fields.decodeIfPresent(Number.self, forKey: field)
    } catch {
      throw RequestError(
        description: "\"\(field.rawValue)\": expected a whole number from \(Number.min) to "
          + "\(Number.max)")
    }
  }

  /// Writes all fields.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(prompt, forKey: .prompt)
    try fields.encode(length, forKey: .length)
    try fields.encode(seed, forKey: .seed)
    try fields.encode(temperature, forKey: .temperature)
  }

  /// Reads a request of JSON, and holds it against the limits.
  public init(json: Data, limits: GenerationLimits) throws(RequestError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: json)
    } catch let error as RequestError {
      throw error
    } catch let error as DecodingError {
      throw RequestError(description: Self.words(for: error))
    } catch {
      throw RequestError(description: "no JSON: \(error)")
    }
    let symbols = prompt.unicodeScalars.count
    guard symbols <= limits.prompt else {
      throw RequestError(
        description: "a prompt of \(symbols) characters, expected at most \(limits.prompt)")
    }
    guard (1...limits.length).contains(length) else {
      throw RequestError(
        description: "a length of \(length), expected 1 to \(limits.length) characters")
    }
    guard temperature.isFinite, (0...10).contains(temperature) else {
      throw RequestError(description: "a temperature of \(temperature), expected 0 to 10")
    }
  }

  private static func words(for error: DecodingError) -> String {
    func field(_ context: DecodingError.Context) -> String? {
      context.codingPath.last.map { "\"\($0.stringValue)\"" }
    }
    switch error {
    case .keyNotFound(let key, _): return "the field \"\(key.stringValue)\" is missing"
    case .typeMismatch(let type, let context):
      return field(context).map { "\($0): expected \(type)" } ?? "expected an object of JSON"
    case .valueNotFound(let type, let context):
      return field(context).map { "\($0): expected \(type), found null" }
        ?? "expected an object of JSON"
    case .dataCorrupted(let context):
      return "\(field(context) ?? "no JSON"): \(context.debugDescription)"
    @unknown default: return "no request: \(error)"
    }
  }
}
