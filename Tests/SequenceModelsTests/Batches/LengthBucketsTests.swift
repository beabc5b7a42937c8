import Autodiff
import Foundation
import LinAlg
import RealModule
import SequenceModels
import Testing

@Suite struct LengthBucketsTests {
  /// Lengths as sentences have them: log-normal around 20 words.
  static func sentenceLengths(_ count: Int, using rng: inout SeededGenerator) -> [Int] {
    (0..<count).map { _ in
      let z: Double = rng.normal()
      return max(1, Int(Double.exp(.log(20) + 0.6 * z).rounded()))
    }
  }

  @Test(arguments: [(0, 4), (1, 4), (4, 4), (5, 4), (130, 4), (999, 32)], [1, 3, 256])
  func `every sequence is in one batch`(size: (count: Int, batch: Int), pool: Int) {
    var rng = SeededGenerator(seed: 5)
    let lengths = Self.sentenceLengths(size.count, using: &rng)
    let buckets = LengthBuckets(lengths: lengths, batch: size.batch, seed: 1, pool: pool)
    for epoch in 0..<3 {
      let order = buckets.order(epoch: epoch)
      #expect(order.flatMap(\.self).sorted() == Array(0..<size.count))
      #expect(order.allSatisfy { $0.count <= size.batch && !$0.isEmpty })
      #expect(order.count { $0.count < size.batch } <= 1)
    }
  }

  @Test func `the order follows from seed and epoch alone`() {
    var rng = SeededGenerator(seed: 6)
    let lengths = Self.sentenceLengths(500, using: &rng)
    let buckets = LengthBuckets(lengths: lengths, batch: 16, seed: 7)
    let first = buckets.order(epoch: 3)
    _ = buckets.order(epoch: 1)
    #expect(buckets.order(epoch: 3) == first)
    #expect(LengthBuckets(lengths: lengths, batch: 16, seed: 7).order(epoch: 3) == first)
    #expect(buckets.order(epoch: 4) != first)
    #expect(LengthBuckets(lengths: lengths, batch: 16, seed: 8).order(epoch: 3) != first)
    // Equal lengths: which sequences meet is chance, too.
    let equal = LengthBuckets(lengths: Array(repeating: 9, count: 64), batch: 8, seed: 7)
    #expect(Set(equal.order(epoch: 0).map(Set.init)) != Set(equal.order(epoch: 1).map(Set.init)))
  }

  @Test(arguments: 1...3) func `little is filled where lengths are those of sentences`(seed: UInt64)
  {
    var rng = SeededGenerator(seed: seed)
    let lengths = Self.sentenceLengths(10_000, using: &rng)
    let targets = lengths.map { length in
      let z: Double = rng.normal()
      return max(1, Int((Double(length) * .exp(0.2 * z)).rounded()))
    }
    let singles = LengthBuckets(lengths: lengths, batch: 32, seed: seed).paddingShare(epoch: 0)
    #expect(singles < 0.05, "seed \(seed): \(singles)")
    let pairs = LengthBuckets(lengths: lengths, and: targets, batch: 32, seed: seed)
    #expect(pairs.paddingShare(epoch: 0) < 0.1, "seed \(seed): \(pairs.paddingShare(epoch: 0))")
    // Without: batches as they come.
    let unsorted = LengthBuckets(lengths: lengths, batch: 32, seed: seed, pool: 1)
    #expect(unsorted.paddingShare(epoch: 0) > 0.5)
  }

  /// The paragraphs of the licences that Debian's base-files brings, in words.
  @Test func `little is filled on real text`() throws {
    let folder = "/usr/share/common-licenses"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let texts = names.sorted().compactMap {
      try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
    }
    let words = WordTokenizer()
    let vocabulary = Vocabulary(counting: texts.joined(separator: "\n\n"), by: words)
    let paragraphs = texts.flatMap { $0.split(separator: "\n\n") }
      .map { vocabulary.encode(String($0), by: words) }.filter { !$0.isEmpty }
    try #require(texts.isEmpty || paragraphs.count > 500)
    let source = LabelledSequences(
      paragraphs, labels: paragraphs.map { Token($0.count) }, padding: Padding(with: 0))
    let buckets = source.buckets(batch: 16, seed: 1)
    let order = buckets.order(epoch: 0)
    let batches = order.map { source.batch($0) }
    let filled = batches.reduce(0) { $0 + $1.sequences.tokens.count - $1.sequences.tokenCount }
    let total = batches.reduce(0) { $0 + $1.sequences.tokens.count }
    let share = total == 0 ? 0 : Double(filled) / Double(total)
    #expect(share < 0.1, "\(paragraphs.count) paragraphs: \(share)")
    #expect(abs(share - buckets.paddingShare(epoch: 0)) < 1e-12)
    // Labels stay with their sequences.
    #expect(batches.allSatisfy { $0.labels.tokens.map(Int.init) == $0.sequences.lengths })
  }

  @Test func `pairs stay together`() {
    let sources: [[Token]] = (0..<20).map { Array(repeating: $0, count: Int($0) % 5 + 1) }
    let targets: [[Token]] = (0..<20).map { Array(repeating: $0, count: Int($0) % 3) }
    let pairs = SequencePairs(
      sources: sources, targets: targets, padding: Padding(with: 99),
      targetPadding: Padding(with: 98, at: .front))
    for numbers in pairs.buckets(batch: 4, seed: 1).order(epoch: 0) {
      let batch = pairs.batch(numbers)
      for (n, number) in numbers.enumerated() {
        #expect(batch.sources.sequence(n) == sources[number])
        #expect(batch.targets.sequence(n) == targets[number])
      }
      #expect(batch.targets.side == .front && batch.sources.side == .back)
    }
  }

  @Test func `what does not fit traps`() async {
    let counts = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = LengthBuckets(lengths: [1, 2], and: [1], batch: 1, seed: 1) }
    #expect(message(counts).contains("2 first and 1 second lengths"))
    let negative = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = LengthBuckets(lengths: [1, -2], batch: 1, seed: 1) }
    #expect(message(negative).contains("sequence 1 has length -2"))
  }
}
