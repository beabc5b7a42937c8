#if Distributed
  import Charts
  import Foundation

  /// Draws what Tools/bench-distributed.sh has printed of efficiencies: those of the model of the cost as lines, those
  /// that were measured at two ranks as points.
  func plotCosts(log: String, to path: String) throws {
    let text = try String(contentsOfFile: log, encoding: .utf8)
    var lines: [LineChart.Series] = []
    var measured: [LineChart.Series] = []
    var name = ""
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 2, words[1] == "one", words[0].hasSuffix(":") {
        name = String(words[0].dropLast())
        lines.append(.init(name: "\(name), no overlap", points: []))
        lines.append(.init(name: "\(name), overlap of half", points: [], isDashed: true))
      } else if words.count > 2, words[0] == "efficiency",
        let value = Double(words[1].trimming(","))
      {
        measured.append(.init(name: "\(name), measured", points: [(2, value)]))
      } else if words.count == 6, words[1] == "ranks:", lines.count >= 2,
        let ranks = Double(words[0]), let without = Double(words[3]), let with = Double(words[5])
      {
        lines[lines.count - 2].points.append((ranks, without))
        lines[lines.count - 1].points.append((ranks, with))
      }
    }
    guard !measured.isEmpty, lines.allSatisfy({ !$0.points.isEmpty }) else {
      throw CheckError(reason: "\(log) is not what bench-distributed.sh prints")
    }
    let chart = LineChart(
      label: "Efficiency of N ranks", x: .init("ranks", isLogarithmic: true),
      y: .init("efficiency"), series: lines + measured)
    try chart.svg().document.write(toFile: path, atomically: true, encoding: .utf8)
  }

  extension Substring {
    fileprivate func trimming(_ character: Character) -> Substring {
      last == character ? dropLast() : self
    }
  }
#endif
