import Charts
import Foundation

extension FileReport {
  /// The report as people read it.
  var lines: [String] {
    var lines = [
      "\(Printable.line(file)): \(Self.titles[format] ?? format), "
        + "\(Self.count(tensors.count, "tensor")), \(Self.count(parameterCount, "parameter"))"
    ]
    if let checkpoint { lines += checkpoint.lines }
    if let graph { lines += graph.lines }
    if !layers.isEmpty {
      lines += ["", "layers by their names and shapes, layout \(layout ?? "of none"):"]
      lines += layers.map {
        "  \($0.prefix.isEmpty ? "" : Printable.name($0.prefix) + "  ")\($0.description)"
      }
    }
    if !tensors.isEmpty {
      let table = TextTable(
        columns: [
          .init(title: "tensor", alignment: .left), .init(title: "type", alignment: .left),
          .init(title: "shape", alignment: .left),
        ], rows: tensors.map { [Printable.name($0.name), $0.type, "\($0.shape)"] })
      lines += [""] + table.lines()
    }
    if checkpoint == nil && !metadata.isEmpty {
      lines += ["", "texts:"]
      lines += metadata.keys.sorted().map {
        "  \(Printable.name($0)) = \(Printable.name(metadata[$0] ?? ""))"
      }
    }
    lines.append("")
    lines += faults.map {
      "\(Printable.name($0.name)): \($0.nans ?? 0) NaN, \($0.infinities ?? 0) infinite"
    }
    let unread = tensors.count { $0.nans == nil }
    if unread > 0 {
      lines.append("\(Self.count(unread, "tensor")) of types whose numbers are not looked at")
    }
    if faults.isEmpty { lines.append("no NaN, nothing infinite") }
    return lines
  }

  /// The report as programs read it.
  func json() throws(ToolError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    } catch {
      throw ToolError.data("\(file): cannot be told as JSON")
    }
  }

  private static let titles = [
    "safetensors": "safetensors", "npy": ".npy of NumPy", "npz": ".npz of NumPy",
    "pytorch": "PyTorch", "onnx": "ONNX",
  ]

  /// `1 tensor`, `2 tensors`, `12345678 parameters (12.3M)`.
  fileprivate static func count(_ count: Int, _ what: String) -> String {
    let text = "\(count) \(what)\(count == 1 ? "" : "s")"
    return count < 100_000 ? text : "\(text) (\(Format.count(Double(count))))"
  }
}

extension FileReport.CheckpointReport {
  fileprivate var lines: [String] {
    var course: [String] = []
    if let epoch { course.append("\(FileReport.count(epoch, "epoch")) done") }
    if let batch { course.append("\(batch == 1 ? "1 batch" : "\(batch) batches") of the next") }
    if let steps { course.append("\(FileReport.count(steps, "step")) of the optimizer") }
    if let learningRate { course.append("learning rate \(Format.shortest(learningRate))") }
    if hasBest { course.append("with the best weights so far") }
    var lines = [
      "checkpoint of a training of swift-recurrent, version \(Printable.name(version)), "
        + (isWhole ? "whole" : "DAMAGED: its checksum is another")
    ]
    if !course.isEmpty { lines.append("  " + course.joined(separator: ", ")) }
    if !texts.isEmpty {
      lines.append("  texts: " + texts.map { Printable.name($0) }.joined(separator: ", "))
    }
    return lines
  }
}

extension FileReport.GraphReport {
  fileprivate var lines: [String] {
    var lines: [String] = []
    let sets = opsets.keys.sorted().map { "\(Printable.name($0)) \(opsets[$0] ?? 0)" }
    lines.append(
      "operator sets: \(sets.joined(separator: ", "))"
        + (producer.isEmpty ? "" : ", written by \(Printable.name(producer))"))
    for (title, values) in [("inputs", inputs), ("outputs", outputs)] {
      lines += ["", title]
      lines += values.map {
        let shape = $0.shape.map { "[\($0.joined(separator: ", "))]" } ?? "of any shape"
        return "  \(Printable.name($0.name))  \($0.type) \(Printable.name(shape))"
      }
    }
    let nodes = operators.keys.sorted().map { "\(Printable.name($0)) \(operators[$0] ?? 0)" }
    let count = operators.values.reduce(0, +)
    lines += ["", "\(FileReport.count(count, "node")): \(nodes.joined(separator: ", "))"]
    lines.append(
      refusal.map { "'recurrent run' cannot run it: \(Printable.line($0))" }
        ?? "'recurrent run' can run it")
    return lines
  }
}
