import Foundation
import LinAlg
import Recurrent
import Synchronization
import TestNumbers
import Testing

/// Results do not depend on how many threads there are, nor on where a sequence stands in its batch.
@Suite struct ThreadTests {
  /// Some with sizes that are multiples of nothing, and with fewer sequences or units than threads.
  static let shapes = [
    (T: 5, N: 24, D: 9, H: 40), (T: 4, N: 1, D: 5, H: 128), (T: 3, N: 4, D: 33, H: 150),
    (T: 3, N: 19, D: 64, H: 67), (T: 2, N: 2, D: 3, H: 8), (T: 1, N: 13, D: 1, H: 129),
  ]

  @Test(arguments: CellKind.allCases)
  func `one, two and three threads give the same bits`(kind: CellKind) {
    for (i, s) in Self.shapes.enumerated() {
      for withLengths in [false, true] {
        var rng = SeededGenerator(seed: UInt64(70 + i))
        let lengths = (0..<s.N).map { ($0 * 7 + 3) % (s.T + 1) }
        let p: PassInputs<Float> = .random(
          kind, steps: s.T, batch: s.N, inputSize: s.D, hiddenSize: s.H,
          lengths: withLengths ? lengths : nil, using: &rng)
        for chunkLength in [nil, 1, 2] {
          let one = kind.engine(p, chunkLength: chunkLength, threads: 1)
          for (threads, split) in [
            (2, WorkSplit.batch), (2, .units), (3, .batch), (3, .units), (7, .units),
          ] {
            let many = kind.engine(p, chunkLength: chunkLength, threads: threads, split: split)
            for (a, b) in zip(one.named, many.named) {
              let different = countDifferences(a.values, b.values)
              #expect(different == 0, "\(a.name) of \(s) with \(threads) threads by \(split)")
            }
          }
        }
      }
    }
  }

  /// Sequence `n` of the outputs and input gradients.
  func sequence(_ n: Int, of results: PassResults<Float>, _ p: PassInputs<Float>) -> [UInt32] {
    var bits: [UInt32] = []
    for t in 0..<p.steps {
      for (values, width) in [(results.outputs, p.hiddenSize), (results.dx, p.inputSize)] {
        let start = (t * p.batch + n) * width
        bits += values[start..<start + width].map(\.bitPattern)
      }
    }
    return bits
  }

  /// The inputs with the batch turned by `places`, and repeated until it has `batch` sequences.
  func turned(_ p: PassInputs<Float>, by places: Int, batch: Int) -> PassInputs<Float> {
    func turn(_ values: [Float], blocks: Int, width: Int) -> [Float] {
      (0..<blocks).flatMap { block in
        (0..<batch).flatMap { n in
          let start = (block * p.batch + (n + places) % p.batch) * width
          return values[start..<start + width]
        }
      }
    }
    var q = p
    q.batch = batch
    q.x = turn(p.x, blocks: p.steps, width: p.inputSize)
    q.dOutputs = p.dOutputs.map { turn($0, blocks: p.steps, width: p.hiddenSize) }
    q.initialHidden = p.initialHidden.map { turn($0, blocks: 1, width: p.hiddenSize) }
    q.initialCell = p.initialCell.map { turn($0, blocks: 1, width: p.hiddenSize) }
    q.dFinalHidden = p.dFinalHidden.map { turn($0, blocks: 1, width: p.hiddenSize) }
    q.dFinalCell = p.dFinalCell.map { turn($0, blocks: 1, width: p.hiddenSize) }
    return q
  }

  @Test(arguments: CellKind.allCases)
  func `a sequence gives the same bits anywhere in any batch`(kind: CellKind) {
    var rng = SeededGenerator(seed: 80)
    let p: PassInputs<Float> = .random(
      kind, steps: 3, batch: 5, inputSize: 19, hiddenSize: 45, using: &rng)
    let original = kind.engine(p, threads: 1)
    for (places, batch) in [(1, 5), (3, 5), (0, 1), (2, 2), (0, 13), (4, 37)] {
      let q = turned(p, by: places, batch: batch)
      for (threads, split) in [(1, nil), (3, WorkSplit.batch), (3, .units)] {
        let results = kind.engine(q, threads: threads, split: split)
        for n in 0..<batch {
          #expect(
            sequence(n, of: results, q) == sequence((n + places) % 5, of: original, p),
            "sequence \(n) of \(batch), turned by \(places)")
        }
      }
    }
  }

  @Test func `many callers at once get what each gets alone`() {
    let wrong = Atomic<Int>(0)
    let group = DispatchGroup()
    for caller in 0..<6 {
      group.enter()
      Thread.detachNewThread {
        let kind = CellKind.allCases[caller % CellKind.allCases.count]
        var rng = SeededGenerator(seed: UInt64(90 + caller))
        let p: PassInputs<Float> = .random(
          kind, steps: 6, batch: caller % 2 == 0 ? 1 : 14, inputSize: 16, hiddenSize: 128,
          using: &rng)
        let alone = kind.engine(p, threads: 1)
        for call in 0..<8 {
          let together = kind.engine(
            p, threads: 2 + call % 2, split: call % 4 < 2 ? .batch : .units)
          for (a, b) in zip(alone.named, together.named) {
            wrong.add(countDifferences(a.values, b.values), ordering: .relaxed)
          }
        }
        group.leave()
      }
    }
    group.wait()
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  /// Denormal states, weights and inputs: products with them take a hundred times as long where they
  /// are not flushed. The outcome is that of zeros.
  @Test(arguments: CellKind.allCases)
  func `denormal inputs count as zeros`(kind: CellKind) {
    var rng = SeededGenerator(seed: 81)
    var p: PassInputs<Float> = .random(
      kind, steps: 2, batch: 3, inputSize: 5, hiddenSize: 19, using: &rng)
    p.x = p.x.map { $0 * .leastNormalMagnitude }
    p.initialHidden = p.initialHidden?.map { $0 * .leastNormalMagnitude }
    #expect(p.x.contains { $0 != 0 && $0.isSubnormal })
    var zeros = p
    zeros.x = p.x.map { _ in 0 }
    zeros.initialHidden = p.initialHidden?.map { _ in 0 }
    for (threads, split) in [(1, nil), (2, WorkSplit.batch)] {
      let results = kind.engine(p, threads: threads, split: split)
      let expected = kind.engine(zeros, threads: threads, split: split)
      for (a, b) in zip(results.named, expected.named) {
        #expect(a.values == b.values, "\(a.name)")
      }
    }
  }
}
