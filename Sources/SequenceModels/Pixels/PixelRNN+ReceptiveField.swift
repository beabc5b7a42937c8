import Autodiff
import LinAlg
import Recurrent

extension PixelRNN {
  /// Which other pixels the distribution of each pixel depends on in pictures of a size: numbers of pixels, row by
  /// row from the top left corner.
  ///
  /// A structural bound, followed through the model's convolutions and states; whether a trained model makes use
  /// of what it sees is another matter.
  ///
  /// - Parameters:
  ///   - height: the number of rows.
  ///   - width: the number of columns.
  /// - Returns: for each pixel those that it sees, all of which come before it.
  public func receptiveFields(height: Int, width: Int) -> [Set<Int>] {
    let grid = PixelGrid(height: height, width: width, batch: 1)
    /// What the given pixels beside each one see.
    func union(_ seen: [Set<Int>], _ p: Int, _ offsets: [PixelOffset]) -> Set<Int> {
      offsets.reduce(into: []) { all, offset in
        if let q = grid.pixel(beside: p, offset) { all.formUnion(seen[q]) }
      }
    }
    let pixels = 0..<grid.count
    var seen = pixels.map { Set([$0]) }
    seen = pixels.map { union(seen, $0, first.offsets) }
    for layer in layers {
      var gained = pixels.map { _ in Set<Int>() }
      if let rows = layer.rows {
        gained = pixels.map { union(seen, $0, rows.inputToState.offsets) }
        // The row above is whole before this one begins.
        for p in pixels { gained[p].formUnion(union(gained, p, rows.stateOffsets)) }
      }
      for direction in [layer.diagonals?.fromLeft, layer.diagonals?.fromRight] {
        guard let direction else { continue }
        var states = pixels.map { union(seen, $0, direction.inputToState.offsets) }
        if direction.readsPicture { for p in pixels { states[p].insert(p) } }
        for p in DiagonalOrder(grid, fromRight: direction.fromRight).pixels {
          states[p].formUnion(union(states, p, direction.stateOffsets))
        }
        for p in pixels { gained[p].formUnion(union(states, p, [direction.outputOffset])) }
      }
      for p in pixels { seen[p].formUnion(gained[p]) }
    }
    return pixels.map { seen[$0].subtracting([$0]) }
  }
}
