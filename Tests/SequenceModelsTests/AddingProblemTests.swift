import Autodiff
import Foundation
import LinAlg
import Recurrent
import Testing

@testable import AddingProblem

/// The parts of `Examples/AddingProblem`.
@Suite struct AddingProblemTests {
  static let seed: UInt64 = 11

  @Test(arguments: [2, 3, 10, 101])
  func `two markers, and the target is their sum`(steps: Int) {
    var rng = SeededGenerator(seed: Self.seed)
    var data = AddingSequences(steps: steps, batch: 40, using: &rng)
    var places: Set<Int> = []
    for _ in 0..<3 {
      for n in 0..<40 {
        let marked = (0..<steps).filter { data.x[$0, n, 1] != 0 }
        #expect(marked.count == 2, "seed \(Self.seed)")
        #expect(marked[0] < steps / 2 && marked[1] >= steps / 2, "\(marked)")
        #expect(marked.allSatisfy { data.x[$0, n, 1] == 1 })
        #expect(data.sums[n] == marked.reduce(0) { $0 + data.x[$1, n, 0] })
        #expect((0..<steps).allSatisfy { (0...1).contains(data.x[$0, n, 0]) })
        places.formUnion(marked)
      }
      data.redraw(using: &rng)
    }
    #expect(places.count == steps || steps > 10, "every step can be marked")
  }

  @Test func `a seed gives the same sequences`() {
    func draw(_ seed: UInt64) -> [AddingSequences] {
      var rng = SeededGenerator(seed: seed)
      var data = AddingSequences(steps: 9, batch: 4, using: &rng)
      let first = data
      data.redraw(using: &rng)
      return [first, data]
    }
    let (a, b, c) = (draw(1), draw(1), draw(2))
    #expect(a.map(\.x) == b.map(\.x) && a.map(\.sums) == b.map(\.sums))
    #expect(a[0].x != a[1].x && a[0].x != c[0].x)
  }

  static func error<Layer>(_ model: AddingModel<Layer>, _ data: AddingSequences) -> Double {
    model.evaluate(on: Graph(threads: 1)) { $0.meanSquaredError(data, on: $1).loss.mean }
  }

  /// With `S` the sum of two uniform numbers, `(S − 1)²` has mean 1/6 and variance 1/15 − 1/36 = 7/180.
  @Test func `to answer 1 has an error of a sixth`() {
    var rng = SeededGenerator(seed: Self.seed)
    let data = AddingSequences(steps: 20, batch: 20_000, using: &rng)
    let error = data.sums.reduce(0.0) { $0 + Double(($1 - 1) * ($1 - 1)) } / 20_000
    let deviation = (7.0 / 180 / 20_000).squareRoot()
    #expect(abs(error - 1.0 / 6) < 4 * deviation, "\(error), seed \(Self.seed)")
    // That is what a model reports whose weights are zero and whose bias is 1.
    var model = AddingModel(LSTM<Float>(inputSize: 2, hiddenSize: 3, using: &rng), using: &rng)
    var parameters = model.parameters
    parameters.setToZero()
    parameters[block: 1][tensor: 1][0, 0] = 1
    model.parameters = parameters
    #expect(abs(Self.error(model, data) - error) < 1e-6)
  }

  /// Each twice with the same results; Elman's definition is compared with the layer that it equals.
  @Test(arguments: AddingCell.allCases)
  func `every cell trains and learns two steps`(cell: AddingCell) throws {
    var contest = AddingContest()
    (contest.steps, contest.hiddenSize, contest.batch) = (2, 8, 16)
    (contest.updates, contest.learningRate, contest.threads) = (150, 0.01, 1)
    var seen: [Int] = []
    let result = try cell.train(contest) { seen.append($0.update) }
    #expect(seen == [50, 100, 150] && result.reports.map(\.update) == seen)
    #expect(result.sequences == 150 * 16 && !result.diverged)
    if cell == .gruLectureNotes {
      // Its state never leaves zero: all that learns is the bias of the readout.
      #expect(abs(result.finalError - 1.0 / 6) < 0.03, "\(result.finalError)")
    } else {
      #expect(result.finalError < 0.1, "\(cell): \(result.finalError)")
    }
    let again = try cell.train(contest) { _ in }
    #expect(again.reports.map(\.error) == result.reports.map(\.error))
  }

  @Test func `gradients of the loss, by finite differences`() throws {
    var rng = SeededGenerator(seed: Self.seed)
    let data = AddingSequences(steps: 4, batch: 8, using: &rng)
    let model = AddingModel(GRU<Float>(inputSize: 2, hiddenSize: 4, using: &rng), using: &rng)
    let graph = Graph<Float>(threads: 1)
    let loss = model.gradients(on: graph) { $0.meanSquaredError(data, on: $1) }.mean
    #expect(abs(loss - Self.error(model, data)) < 1e-6)
    let h: Float = 1e-2
    for block in 0..<2 {
      let gradient = graph.gradients[block: block].withUnsafeBufferPointer { Array($0) }
      for i in stride(from: 0, to: gradient.count, by: 5) {
        func error(_ change: Float) -> Double {
          var moved = model
          var parameters = moved.parameters
          parameters.withUnsafeMutableBufferPointer(ofBlock: block) { $0[i] += change }
          moved.parameters = parameters
          return Self.error(moved, data)
        }
        // The truncation is of the order h², the rounding of 1e-7 / h.
        let expected = (error(h) - error(-h)) / Double(2 * h)
        #expect(abs(Double(gradient[i]) - expected) < 5e-4, "\(block), \(i): \(expected)")
      }
    }
  }

  @Test func `a row of the table`() {
    var result = AddingResult(parameters: 7)
    result.reports = [(50, 0.2), (100, 0.009), (150, 0.02)].map {
      AddingReport(update: $0.0, error: $0.1)
    }
    (result.sequences, result.trainingSeconds) = (300, 2)
    #expect(result.solvedAt == 100)
    #expect(AddingTable.row(.mut1, result) == "| mut1 | 7 | 100 | 0.0200 | 0.0090 | █▅▆ | 150 |")
    result.diverged = true
    #expect(AddingTable.row(.lstm, result).contains("| diverged |"))
  }

  @Test func `lists of cells`() {
    #expect(CellList(argument: "lstm,mut1")?.cells == [.lstm, .mut1])
    #expect(CellList(argument: "lstm,tree") == nil)
    #expect(CellList(argument: "") == nil)
    #expect(CellList.all.hasPrefix("lstm, gru, "))
  }
}
