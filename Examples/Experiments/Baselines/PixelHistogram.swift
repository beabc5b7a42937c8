import RealModule
import SequenceModels

/// The share of each value at each pixel, whatever the other pixels are.
struct PixelHistogram {
  /// By pixel and value.
  private let counts: [[Double]]
  private let total: Double

  init(_ pictures: PixelBatch, levels: Int) {
    var counts = (0..<pictures.values.steps).map { _ in [Double](repeating: 0, count: levels) }
    for k in counts.indices {
      for n in 0..<pictures.count { counts[k][Int(pictures.values[k, n])] += 1 }
    }
    (self.counts, total) = (counts, Double(pictures.count))
  }

  /// Bits per value, with as much added to each count as suits these pictures best.
  func bits(of pictures: PixelBatch) -> Double {
    [0.01, 0.03, 0.1, 0.3, 1].map { bits(of: pictures, adding: $0) }.min() ?? .nan
  }

  private func bits(of pictures: PixelBatch, adding more: Double) -> Double {
    var sum = 0.0
    for (k, row) in counts.enumerated() {
      let all = total + more * Double(row.count)
      for n in 0..<pictures.count {
        sum -= .log((row[Int(pictures.values[k, n])] + more) / all)
      }
    }
    return sum / Double(pictures.values.count) / .log(2)
  }
}
