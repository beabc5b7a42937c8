import LinAlg

/// One step of several streams: their states side by side, advanced, and put back.
///
/// Belongs to one caller at a time.
final class GatheredStep<Layer: StreamingLayer> {
  typealias Scalar = Layer.Scalar

  private let layer: Layer
  private let threads: Int?
  private let workspace: Layer.Buffers
  private var state: Layer.State

  init(_ layer: Layer, threads: Int?, products: ProductStrategy) {
    self.layer = layer
    self.threads = threads
    workspace = layer.makeWorkspace(products: products)
    state = layer.zeroState(batch: 0)
  }

  /// Advances each place by one step, whose input is its row of `x [N, D]`; returns the outputs, `[N, F]`. The
  /// next call allocates nothing for as many places, if these have been dropped.
  func run(_ places: [StreamPlace<Layer>], _ x: Matrix<Scalar>) -> Matrix<Scalar> {
    for index in 0..<state.partCount {
      state.withMutablePart(index) { part in
        part.renew(rows: places.count, columns: part.columns)
        for (n, place) in places.enumerated() { part.copyRow(n, from: place.state.part(index), 0) }
      }
    }
    layer.step(x, &state, threads: threads, workspace: workspace)
    for index in 0..<state.partCount {
      let part = state.part(index)
      for (n, place) in places.enumerated() {
        place.state.withMutablePart(index) { $0.copyRow(0, from: part, n) }
      }
    }
    return layer.output(of: state)
  }
}

extension Matrix {
  /// Overwrites a row by one of another matrix.
  mutating func copyRow(_ row: Int, from source: Matrix, _ sourceRow: Int) {
    require(
      row < rows && sourceRow < source.rows && columns == source.columns,
      """
      row \(row) of a matrix [\(rows), \(columns)] cannot be row \(sourceRow) of one of shape \
      [\(source.rows), \(source.columns)]
      """)
    let columns = columns
    withUnsafeMutableBufferPointer { to in
      source.withUnsafeBufferPointer { from in
        guard let to = to.baseAddress, let from = from.baseAddress else { return }
        (to + row * columns).update(from: from + sourceRow * columns, count: columns)
      }
    }
  }
}
