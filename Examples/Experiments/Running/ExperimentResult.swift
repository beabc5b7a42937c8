import Foundation

/// A measured number with all that is needed to measure it again.
struct ExperimentResult: Equatable {
  var experiment: String
  var name: String
  var measured: Double
  /// nil where it is only shown beside others.
  var target: Target?
  var seed: UInt64
  /// How long the experiment took, all of its results together.
  var seconds: Double
  /// How many numbers the model trains, where there is one.
  var parameters: Int?
  var note: String?
  var budget: Budget
  /// The commit that was run; `-dirty` behind it says that files had been changed.
  var commit: String
  var processor: String

  /// Whether the target was reached; nil without one.
  var isMet: Bool? { target?.isMet(by: measured) }
}

extension ExperimentResult: Codable {
  private enum Key: String, CodingKey {
    case experiment, name, measured, target, comparison, met, seed, seconds, parameters, note
    case budget, commit, processor
  }

  func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Key.self)
    try keys.encode(experiment, forKey: .experiment)
    try keys.encode(name, forKey: .name)
    // JSON has no word for what is not a number.
    try keys.encode(measured.isFinite ? measured : nil, forKey: .measured)
    try keys.encode(target?.bound, forKey: .target)
    try keys.encode(target?.comparison, forKey: .comparison)
    try keys.encode(isMet, forKey: .met)
    try keys.encode(seed, forKey: .seed)
    try keys.encode(seconds, forKey: .seconds)
    try keys.encode(parameters, forKey: .parameters)
    try keys.encode(note, forKey: .note)
    try keys.encode(budget, forKey: .budget)
    try keys.encode(commit, forKey: .commit)
    try keys.encode(processor, forKey: .processor)
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: Key.self)
    experiment = try keys.decode(String.self, forKey: .experiment)
    name = try keys.decode(String.self, forKey: .name)
    measured = try keys.decode(Double?.self, forKey: .measured) ?? .nan
    if let bound = try keys.decode(Double?.self, forKey: .target) {
      let comparison = try keys.decode(String.self, forKey: .comparison)
      target = Target(comparison: comparison, bound: bound)
      if target == nil {
        throw DecodingError.dataCorruptedError(
          forKey: .comparison, in: keys,
          debugDescription: "'\(comparison)', expected ≥, ≤, >, < or =")
      }
    }
    seed = try keys.decode(UInt64.self, forKey: .seed)
    seconds = try keys.decode(Double.self, forKey: .seconds)
    parameters = try keys.decode(Int?.self, forKey: .parameters)
    note = try keys.decode(String?.self, forKey: .note)
    budget = try keys.decode(Budget.self, forKey: .budget)
    commit = try keys.decode(String.self, forKey: .commit)
    processor = try keys.decode(String.self, forKey: .processor)
  }
}

/// A figure and whose it is.
struct StoredFigure: Equatable {
  var experiment: String
  var figure: Figure
}

extension StoredFigure: Codable {
  private enum Key: String, CodingKey { case experiment, lines, heatMap, picture, title, text }

  func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Key.self)
    try keys.encode(experiment, forKey: .experiment)
    switch figure {
    case .lines(let lines): try keys.encode(lines, forKey: .lines)
    case .heatMap(let map): try keys.encode(map, forKey: .heatMap)
    case .picture(let picture): try keys.encode(picture, forKey: .picture)
    case .text(let title, let text):
      try keys.encode(title, forKey: .title)
      try keys.encode(text, forKey: .text)
    }
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: Key.self)
    experiment = try keys.decode(String.self, forKey: .experiment)
    if let lines = try keys.decodeIfPresent(LineFigure.self, forKey: .lines) {
      figure = .lines(lines)
    } else if let map = try keys.decodeIfPresent(HeatMapFigure.self, forKey: .heatMap) {
      figure = .heatMap(map)
    } else if let picture = try keys.decodeIfPresent(PictureFigure.self, forKey: .picture) {
      figure = .picture(picture)
    } else {
      figure = .text(
        title: try keys.decode(String.self, forKey: .title),
        lines: try keys.decode([String].self, forKey: .text))
    }
  }
}

/// What a run leaves behind, and what reports are made of: `{"schema": 1, "results": […], "figures": […]}`.
struct ExperimentRecord: Equatable, Codable {
  static let schema = 1

  var schema = Self.schema
  var results: [ExperimentResult] = []
  var figures: [StoredFigure] = []

  /// The results and figures of both.
  static func += (a: inout ExperimentRecord, b: ExperimentRecord) {
    a.results += b.results
    a.figures += b.figures
  }

  /// Whether no target was missed.
  var isMet: Bool { results.allSatisfy { $0.isMet != false } }
}
