import Foundation

/// Results as JSON: `{"schema": 1, "results": […], "figures": […]}`.
enum JSONReport {
  static func render(_ record: ExperimentRecord) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
  }
}
