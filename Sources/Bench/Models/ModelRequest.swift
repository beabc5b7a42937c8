/// What `Tools/peers` asks of a process that trains a model: one JSON object a line.
struct ModelRequest: Decodable {
  /// What is asked.
  enum Kind: String, Decodable, CaseIterable {
    /// Who are you?
    case hello
    /// Makes a model with random weights, and reads its batches.
    case load
    /// Writes the weights, as float32, one tensor after the other.
    case weights
    /// Makes some updates and returns their losses.
    case train
    /// Times updates.
    case time
  }

  /// The models that are compared.
  enum Model: String, Decodable, CaseIterable {
    case character, tagger, translation, pointer
  }

  /// The sizes of a model; each uses some.
  struct Sizes: Decodable {
    var vocabulary = 0
    var embedding = 0
    var hidden = 0
    var classes = 0

    /// Zeros.
    init() {}

    private enum Key: String, CodingKey { case vocabulary, embedding, hidden, classes }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      func size(_ key: Key) throws -> Int {
        let value = try fields.decodeIfPresent(Int.self, forKey: key) ?? 1
        guard (1...1_000_000).contains(value) else {
          throw DecodingError.dataCorruptedError(
            forKey: key, in: fields, debugDescription: "is \(value), expected 1 to 1000000")
        }
        return value
      }
      vocabulary = try size(.vocabulary)
      embedding = try size(.embedding)
      hidden = try size(.hidden)
      classes = try size(.classes)
    }
  }

  var request: Kind
  /// `load`.
  var model: Model?
  /// `load`.
  var sizes: Sizes?
  /// `load`: how many threads updates may use.
  var threads: Int?
  /// `load`: how likely features are to be dropped.
  var dropout: Double?
  /// `load`: the file of batches. `weights`: where they go.
  var path: String?
  /// `train`: how many updates. `time`: how many before the first sample.
  var updates: Int?
  /// `time`: how many updates one sample is.
  var updatesPerSample: Int?
  /// `time`: how many samples.
  var samples: Int?
}

/// A batch, as its file has it: tokens and points row by row, steps first.
struct ModelBatch: Decodable {
  /// Tokens, `[T, N]`; for the pointer network none.
  var tokens: [Int32] = []
  /// Points, `[T, N, 2]`; for the pointer network.
  var points: [Float] = []
  var steps: Int
  var batch: Int
  /// How many steps of each sequence count.
  var lengths: [Int]
  /// What the decoder reads, `[T₂, N]`, where there is one.
  var inputs: [Int32] = []
  /// What is to be said, `[T, N]` or `[T₂, N]`.
  var labels: [Int32]
  var labelSteps: Int
  var labelLengths: [Int]

  /// A batch whose labels are those of its tokens.
  init(tokens: [Int32], labels: [Int32], steps: Int, lengths: [Int]) {
    (self.tokens, self.labels, self.steps, self.lengths) = (tokens, labels, steps, lengths)
    (batch, labelSteps, labelLengths) = (lengths.count, steps, lengths)
  }

  private enum CodingKeys: String, CodingKey {
    case tokens, points, steps, batch, lengths, inputs, labels, labelSteps, labelLengths
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    tokens = try fields.decodeIfPresent([Int32].self, forKey: .tokens) ?? []
    points = try fields.decodeIfPresent([Float].self, forKey: .points) ?? []
    steps = try fields.decode(Int.self, forKey: .steps)
    batch = try fields.decode(Int.self, forKey: .batch)
    lengths = try fields.decode([Int].self, forKey: .lengths)
    inputs = try fields.decodeIfPresent([Int32].self, forKey: .inputs) ?? []
    labels = try fields.decode([Int32].self, forKey: .labels)
    labelSteps = try fields.decode(Int.self, forKey: .labelSteps)
    labelLengths = try fields.decode([Int].self, forKey: .labelLengths)
    func check(_ key: CodingKeys, _ isRight: Bool, _ expected: String) throws {
      if !isRight {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: fields, debugDescription: "expected \(expected)")
      }
    }
    try check(.steps, steps > 0 && batch > 0 && labelSteps > 0, "positive sizes")
    let count = steps * batch
    try check(
      .tokens, tokens.count == count || points.count == 2 * count, "\(count) tokens or points")
    try check(
      .labels, labels.count == labelSteps * batch, "\(labelSteps * batch) labels")
    try check(
      .inputs, inputs.isEmpty || inputs.count == labels.count, "as many inputs as labels")
    try check(
      .lengths, lengths.count == batch && lengths.allSatisfy { (1...steps).contains($0) },
      "\(batch) lengths in 1...\(steps)")
    try check(
      .labelLengths,
      labelLengths.count == batch && labelLengths.allSatisfy { (1...labelSteps).contains($0) },
      "\(batch) lengths in 1...\(labelSteps)")
  }
}
