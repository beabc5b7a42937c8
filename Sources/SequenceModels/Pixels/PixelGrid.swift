import Autodiff
import LinAlg

/// A place beside a pixel: rows further down and columns further right.
struct PixelOffset: Hashable, Sendable {
  var rows: Int
  var columns: Int

  static let here = PixelOffset(rows: 0, columns: 0)

  /// Whether the pixel there comes before the pixel here, row by row.
  var isBefore: Bool { rows < 0 || (rows == 0 && columns < 0) }
}

/// The pixels of a batch of pictures, numbered row by row: pixel `p` of picture `n` is row `p·N + n` of a
/// value `[H·W, N, F]`.
struct PixelGrid {
  let height: Int
  let width: Int
  /// `N`, the number of pictures.
  let batch: Int

  var count: Int { height * width }

  /// The number of the pixel in a row and column; nil outside of the picture.
  func pixel(_ row: Int, _ column: Int) -> Int? {
    (0..<height).contains(row) && (0..<width).contains(column) ? row * width + column : nil
  }

  /// The pixel beside another one; nil outside of the picture.
  func pixel(beside p: Int, _ offset: PixelOffset) -> Int? {
    pixel(p / width + offset.rows, p % width + offset.columns)
  }

  /// Of each pixel those beside it, `[H·W, N·k]`.
  func neighbours(_ offsets: [PixelOffset]) -> TokenBatch {
    rows((0..<count).map { p in offsets.map { pixel(beside: p, $0) } })
  }

  /// The rows of lists of `k` pixels each, for all pictures, `[lists, N·k]`; −1, which is gathered as zeros,
  /// where there is no pixel.
  func rows(_ pixels: [[Int?]]) -> TokenBatch {
    let k = pixels.first?.count ?? 0
    var result = TokenBatch(repeating: -1, steps: pixels.count, batch: batch * k)
    for (t, list) in pixels.enumerated() {
      for (place, pixel) in list.enumerated() {
        guard let pixel else { continue }
        for n in 0..<batch { result[t, n * k + place] = Token(pixel * batch + n) }
      }
    }
    return result
  }
}
