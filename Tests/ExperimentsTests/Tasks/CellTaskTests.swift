import LinAlg
import Recurrent
import SequenceModels
import Testing

@testable import Experiments

@Suite struct CellTaskTests {
  private func string(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes), as: UTF8.self)
  }

  @Test func answersAreRight() throws {
    let task = SpelledSumTask(units: 4, updates: 1, digits: 3)
    var generator = SeededGenerator(seed: 71)
    for n in 0..<300 {
      let (text, asked) = task.draw(using: &generator)
      #expect(text.count == asked.count)
      let answer = string(zip(text, asked).filter(\.1).map(\.0))
      let problem = string(zip(text, asked).filter { !$0.1 }.map(\.0))
      #expect(problem.hasSuffix("=") && answer.hasSuffix("."), "seed 71, \(n): \(problem)\(answer)")
      let clean = problem.filter { !$0.isLetter }.dropLast()
      let operation = try #require(clean.firstIndex { "+-".contains($0) })
      let a = try #require(Int(clean[..<operation]))
      let b = try #require(Int(clean[clean.index(after: operation)...]))
      let expected = clean[operation] == "+" ? a + b : a - b
      #expect(answer == "\(expected).", "seed 71, \(n): \(problem)")
    }
  }

  @Test func tagsAreClosedInTurn() throws {
    let task = NestedTagsTask(units: 4, updates: 1, letters: 4, tags: 5)
    var generator = SeededGenerator(seed: 72)
    var deepest = 0
    for n in 0..<300 {
      let (text, asked) = task.draw(using: &generator)
      #expect(text.count == asked.count)
      var (open, names) = ([String](), [String]())
      for tag in string(text).split(separator: "<") {
        #expect(tag.hasSuffix(">"))
        let name = String(tag.dropLast())
        if name.hasPrefix("/") {
          names.append(String(name.dropFirst()))
          #expect(open.popLast() == names.last, "seed 72, \(n): \(string(text))")
        } else {
          #expect((2...4).contains(name.count))
          open.append(name)
          deepest = max(deepest, open.count)
        }
      }
      #expect(open.isEmpty && (1...5).contains(names.count))
      // The names that are closed are what is asked for.
      #expect(string(zip(text, asked).filter(\.1).map(\.0)) == names.joined())
    }
    #expect(deepest > 2)
  }

  @Test func sumsAreOfMarkedNumbers() {
    var generator = SeededGenerator(seed: 73)
    let problems = MarkedSumTask.Problems(steps: 7, batch: 20, using: &generator)
    for n in 0..<20 {
      let marked = (0..<7).filter { problems.x[$0, n, 1] == 1 }
      #expect(marked.count == 2 && marked[0] < 3 && marked[1] >= 3)
      let sum = marked.reduce(Float(0)) { $0 + problems.x[$1, n, 0] }
      #expect(problems.sums[0, n, 0] == sum, "seed 73, \(n)")
    }
  }

  /// A score follows from the cell and the seed, and a little training shows.
  @Test func scoresFollowFromTheSeed() throws {
    let task = MarkedSumTask(units: 8, updates: 60, steps: 4)
    let cell = try CellDefinition.gru()
    let first = try task.score(cell, seed: 1, isFinal: false)
    let again = try task.score(cell, seed: 1, isFinal: false)
    let other = try task.score(cell, seed: 2, isFinal: false)
    let final = try task.score(cell, seed: 1, isFinal: true)
    #expect(first == again && first != other && first != final)
    let untrained = try MarkedSumTask(units: 8, updates: 1, steps: 4)
      .score(cell, seed: 1, isFinal: false)
    #expect(first > untrained + 0.1 && first <= 1, "\(first), after one update \(untrained)")
  }
}
