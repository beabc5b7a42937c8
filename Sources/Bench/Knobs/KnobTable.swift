import Charts

/// How long a knob's training steps took, round by round.
struct KnobTiming {
  var knob: Knob
  /// Multiplications of a step's products for one sequence.
  var multiplications: Double
  /// The error of its results.
  var error: Double
  /// One for each round, in which every knob had its turn.
  var seconds: [Double]
}

/// What each knob costs: the median of its rounds' ratios to the built-in layer of its cell.
struct KnobTable {
  /// A knob, or a built-in layer.
  struct Row: Equatable {
    var name: String
    /// Seconds of a built-in layer; of a knob the multiple of these.
    var time: Double
    /// The multiple that is allowed; nil for a built-in layer.
    var allowed: Double?
    /// The multiple of the products' multiplications.
    var products: Double
    var error: Double

    var isOver: Bool { allowed.map { time > $0 } ?? false }
  }

  var rows: [Row] = []

  /// - Precondition: each knob's cell has a timing without options, of as many rounds.
  init(_ timings: [KnobTiming]) {
    for timing in timings {
      let knob = timing.knob
      guard
        let plain = timings.first(where: { $0.knob.isPlain && $0.knob.cell == knob.cell })
      else { preconditionFailure("no timing of the built-in \(knob.cell)") }
      let products = timing.multiplications / plain.multiplications
      var row = Row(
        name: knob.name, time: Statistics.median(timing.seconds) ?? .nan, products: products,
        error: timing.error)
      if !knob.isPlain {
        precondition(timing.seconds.count == plain.seconds.count, "rounds of unequal numbers")
        row.time = Statistics.median(zip(timing.seconds, plain.seconds).map { $0 / $1 }) ?? .nan
        row.allowed = knob.limit * (knob.countsProducts ? products : 1)
      }
      rows.append(row)
    }
  }

  /// The knobs that cost more than is allowed.
  var over: [Row] { rows.filter(\.isOver) }

  /// The table in Markdown.
  func render() -> String {
    var lines = ["| knob | time | allowed | products | error |", "|---|---|---|---|---|"]
    for row in rows {
      var time = Format.time(row.time)
      if row.allowed != nil { time = Format.fixed(row.time, 2) }
      if row.isOver { time += " **over**" }
      let cells = [
        row.name, time, row.allowed.map { Format.fixed($0, 2) } ?? "",
        Format.fixed(row.products, 2), Format.scientific(row.error),
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
