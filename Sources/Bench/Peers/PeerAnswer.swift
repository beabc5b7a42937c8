import Foundation

/// What a contestant's process answers: one JSON object a line, with the fields that its request asks
/// for.
struct PeerAnswer: Codable, Equatable {
  /// Whether the request was served; if not, ``error`` says why.
  var ok = true
  var error: String?
  /// `hello`: who answers, and which version.
  var name: String?
  var version: String?
  /// `hello`: what else decides how fast it is, such as the instruction set.
  var detail: String?
  /// `time`: the nanoseconds of one call, for each sample.
  var nanoseconds: [Double]?
  /// `rows`: their names.
  var rows: [String]?
  /// `results`: what the file holds, in order.
  var tensors: [Tensor]?
  /// `memory`: the largest resident size of the process so far, in bytes.
  var peakResidentBytes: Int?
  /// `window`: instructions in flight.
  var window: Double?

  /// A tensor in a file of results: `count` float32 numbers.
  struct Tensor: Codable, Equatable {
    var name: String
    var count: Int
  }

  /// The answer to a request that failed.
  init(_ error: PeerError) {
    ok = false
    self.error = error.message
  }

  init(
    name: String? = nil, version: String? = nil, detail: String? = nil,
    nanoseconds: [Double]? = nil, rows: [String]? = nil, tensors: [Tensor]? = nil,
    peakResidentBytes: Int? = nil, window: Double? = nil
  ) {
    self.name = name
    self.version = version
    self.detail = detail
    self.nanoseconds = nanoseconds
    self.rows = rows
    self.tensors = tensors
    self.peakResidentBytes = peakResidentBytes
    self.window = window
  }

  /// The answer as one line, without its newline.
  func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
