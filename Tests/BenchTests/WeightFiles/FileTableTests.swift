import Testing

@testable import Bench

/// What the table of files says, and what counts as too long.
struct FileTableTests {
  @Test func ratiosAreThoseOfTheRounds() {
    let table = FileTable(
      [
        .open: .init(seconds: [0.04, 0.06, 0.03]),
        .load: .init(seconds: [1, 2, 3], reference: [1, 1, 2]),
        .checkpoint: .init(seconds: [2, 2, 9], reference: [2, 1, 3]),
      ], bytes: [.open: 1 << 20, .load: 1 << 20, .checkpoint: 3 << 20])
    #expect(table.rows.map(\.seconds) == [0.04, 2, 2])
    #expect(table.rows.map(\.ratio?.median) == [nil, 1.5, 2])
    #expect(table.rows.map(\.isOver) == [false, true, true])
    #expect(table.over.count == 2)
    #expect(table.render().contains("| 1.50 [1.00, 2.00] | 1.40 **over** |"))
  }

  @Test func whatIsWanted() {
    // Open within 50 ms; 1.4 times the copies; 70% of the disk's rate.
    #expect(FileMeasurement.Row.open.limit == 0.05)
    #expect(FileMeasurement.Row.load.limit == 1.4)
    #expect(abs(FileMeasurement.Row.checkpoint.limit * 0.7 - 1) < 1e-12)
  }
}
