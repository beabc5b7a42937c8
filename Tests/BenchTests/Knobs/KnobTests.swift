import Recurrent
import Testing

@testable import Bench

/// What each knob is allowed to cost, how its cost is told, and that a wrong layer is not timed.
struct KnobTests {
  private let shape = Shape(T: 3, N: 4, D: 5, H: 6)

  private func timing(_ name: String, _ seconds: [Double]) throws -> KnobTiming {
    KnobTiming(
      knob: try #require(Knob.all.first { $0.name == name }), multiplications: 2, error: 1e-7,
      seconds: seconds)
  }

  @Test func everyCellHasOneBuiltInLayerAndNamesAreUnique() {
    for cell in CellKind.allCases {
      #expect(Knob.all.count { $0.cell == cell && $0.isPlain } == 1)
      #expect(Knob.all.count { $0.cell == cell && !$0.isPlain } >= 2)
    }
    #expect(Set(Knob.all.map(\.name)).count == Knob.all.count)
  }

  /// What the package promises: 1.2 for everyday options, 1.5 for others.
  @Test func limits() throws {
    for knob in Knob.all where !knob.isPlain { #expect([1.2, 1.5].contains(knob.limit)) }
    let everyday = [
      "projection to H/2", "projection to H", "diagonal peepholes", "recurrent dropout",
      "candidate dropout, each step", "zoneout of h and c",
      "clipping: pre-activations, cell, gradients",
    ]
    for name in everyday {
      let knob = try #require(Knob.all.first { $0.name == name })
      #expect(knob.limit == 1.2 && !knob.countsProducts)
    }
    #expect(
      Knob.all.filter(\.countsProducts).map(\.name) == ["symmetric memory", "full memory"])
  }

  @Test func aRatioIsTheMedianOfTheRounds() throws {
    let table = KnobTable([
      try timing("LSTM", [1, 2, 4]), try timing("recurrent dropout", [1.5, 2.2, 4.4]),
      try timing("DropConnect", [1.5, 2.2, 7]), try timing("layer norm of sums", [2, 4, 4]),
    ])
    #expect(table.rows.map(\.allowed) == [nil, 1.2, 1.5, 1.5])
    #expect(table.rows[0].time == 2)
    for (row, ratio) in zip(table.rows.dropFirst(), [1.1, 1.5, 2]) {
      #expect(abs(row.time - ratio) < 1e-12)
    }
    #expect(table.over.map(\.name) == ["layer norm of sums"])
    let text = table.render()
    #expect(text.contains("| LSTM | 2.00 s |  | 1.00 | 1e-07 |"))
    #expect(text.contains("| recurrent dropout | 1.10 | 1.20 | 1.00 | 1e-07 |"))
    #expect(text.contains("| layer norm of sums | 2.00 **over** | 1.50 |"))
    #expect(text.split(separator: "**over**").count == 2)
  }

  @Test func memoryMatricesAreAllowedTheirProducts() throws {
    var full = try timing("full memory", [1.7])
    full.multiplications = 3
    let table = KnobTable([try timing("LSTM", [1]), full])
    #expect(table.rows[1].products == 1.5)
    #expect(abs((table.rows[1].allowed ?? 0) - 1.8) < 1e-12)
    #expect(table.over.isEmpty)
  }

  @Test func everyLayerIsVerified() throws {
    for knob in Knob.all {
      let subject = try KnobSubject(knob, shape, threads: 1, seed: 1, plantedError: 0)
      #expect(subject.error < KnobSubject.largestError(knob.cell, shape), "\(knob.name)")
      #expect(subject.error > 0, "\(knob.name)")
      let error = #expect(throws: BenchError.self, "\(knob.name)") {
        _ = try KnobSubject(knob, shape, threads: 1, seed: 1, plantedError: 1e-3)
      }
      #expect(error?.message.contains("wrong answer") == true)
    }
  }

  /// At D 5, H 6: four gates of an LSTM, a projection to 3, three memory matrices.
  @Test func productsAreCounted() throws {
    func products(_ name: String) throws -> Double {
      let knob = try #require(Knob.all.first { $0.name == name })
      return try KnobSubject(knob, shape, threads: 1, seed: 1, plantedError: 0).multiplications
    }
    let expected: [(name: String, count: Int)] = [
      ("LSTM", 4 * 6 * (5 + 6)),
      ("plain options", 4 * 6 * (5 + 6)),
      ("projection to H/2", 4 * 6 * (5 + 3) + 3 * 6),
      ("symmetric memory", 4 * 6 * (5 + 6) + 3 * 36),
      ("without forget gate", 3 * 6 * (5 + 6)),
      ("GRU: lecture notes", 2 * 6 * (5 + 6)),
    ]
    for (name, count) in expected {
      #expect(try products(name) == Double(count), "\(name)")
    }
  }
}
