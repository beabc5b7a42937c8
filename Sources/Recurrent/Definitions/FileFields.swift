/// The fields of an object in a file, by name. What nobody asks for is refused: a misspelt name must
/// not pass for an option that is absent.
struct FileFields {
  /// The name of a field.
  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let container: KeyedDecodingContainer<Name>
  private var asked: Set<String> = []

  private init(_ container: KeyedDecodingContainer<Name>) { self.container = container }

  /// What `make` makes of the fields of an object.
  static func read<Result>(
    _ decoder: any Decoder, _ make: (inout FileFields) throws -> Result
  ) throws -> Result {
    try read(decoder.container(keyedBy: Name.self), make)
  }

  /// What one of `cases` makes of an object with one field, which has that case's name and holds its
  /// values, as Swift writes an enumeration.
  static func readCase<Result>(
    _ decoder: any Decoder, _ cases: KeyValuePairs<String, (inout FileFields) throws -> Result>
  ) throws -> Result {
    let container = try decoder.container(keyedBy: Name.self)
    let names = container.allKeys.map(\.stringValue).sorted()
    guard names.count == 1, let make = cases.first(where: { $0.key == names[0] })?.value else {
      throw error(
        container.codingPath,
        "found '\(names.joined(separator: "', '"))', expected one of \(list(cases.map(\.key)))")
    }
    return try read(
      container.nestedContainer(keyedBy: Name.self, forKey: Name(stringValue: names[0])), make)
  }

  private static func read<Result>(
    _ container: KeyedDecodingContainer<Name>, _ make: (inout FileFields) throws -> Result
  ) throws -> Result {
    var fields = FileFields(container)
    let result = try make(&fields)
    let unknown = container.allKeys.map(\.stringValue).filter { !fields.asked.contains($0) }
    guard unknown.isEmpty else {
      throw error(
        container.codingPath, "\(list(unknown)) is unknown; known here: \(list(fields.asked))")
    }
    return result
  }

  /// The value of that name.
  mutating func value<Value: Decodable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value {
    asked.insert(name)
    return try container.decode(type, forKey: Name(stringValue: name))
  }

  /// The value of that name, or the one given where there is none.
  mutating func value<Value: Decodable>(_ name: String, or absent: Value) throws -> Value {
    contains(name) ? try value(name) : absent
  }

  /// Whether there is such a value, which is thereby known.
  mutating func contains(_ name: String) -> Bool {
    asked.insert(name)
    return container.contains(Name(stringValue: name))
  }

  /// How many values the list of that name has, where that can be told before it is read.
  mutating func count(_ name: String) throws -> Int? {
    asked.insert(name)
    return try container.nestedUnkeyedContainer(forKey: Name(stringValue: name)).count
  }

  private static func list(_ names: some Sequence<String>) -> String {
    names.sorted().map { "'\($0)'" }.joined(separator: ", ")
  }

  private static func error(_ path: [any CodingKey], _ text: String) -> DecodingError {
    .dataCorrupted(DecodingError.Context(codingPath: path, debugDescription: text))
  }
}

/// How options are written: each property under its name. In a file, an absent one has its default.
struct OptionFields<Options> {
  /// One property.
  struct Field {
    fileprivate let read: (inout FileFields, inout Options) throws -> Void
    fileprivate let write: (inout KeyedEncodingContainer<FileFields.Name>, Options) throws -> Void

    init<Value: Codable>(_ name: String, _ path: WritableKeyPath<Options, Value>) {
      read = { fields, options in
        options[keyPath: path] = try fields.value(name, or: options[keyPath: path])
      }
      // Also where it is nil: absent would be the default, which may be something else.
      write = { container, options in
        try container.encode(options[keyPath: path], forKey: FileFields.Name(stringValue: name))
      }
    }
  }

  private let fields: [Field]

  init(_ fields: Field...) { self.fields = fields }

  /// The defaults with what the file says.
  func read(_ defaults: Options, from decoder: any Decoder) throws -> Options {
    try FileFields.read(decoder) { file in
      var options = defaults
      for field in fields { try field.read(&file, &options) }
      return options
    }
  }

  func write(_ options: Options, to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: FileFields.Name.self)
    for field in fields { try field.write(&container, options) }
  }
}
