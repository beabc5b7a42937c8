import Autodiff
import LinAlg

/// Pictures of one size, whose pixels have one or three channels with values of `0..<levels`.
///
/// Values stand channel by channel, in each channel row by row from the top left corner: value `c·H·W + i·W + j`
/// of a picture of `H` rows and `W` columns is channel `c` of the pixel in row `i` and column `j`.
public struct PixelBatch: Sendable, Equatable {
  /// `H`, the number of rows.
  public let height: Int
  /// `W`, the number of columns.
  public let width: Int
  /// `C`, the number of channels: 1 for shades, 3 for red, green and blue.
  public let channels: Int
  /// The values, `[C·H·W, N]`: a column for each picture.
  public var values: TokenBatch

  /// `N`, the number of pictures.
  public var count: Int { values.batch }
  /// `H·W`, the number of pixels of a picture.
  public var pixelCount: Int { height * width }

  /// Pictures from their values.
  ///
  /// - Parameters:
  ///   - height: `H`.
  ///   - width: `W`.
  ///   - channels: `C`, 1 or 3.
  ///   - values: `[C·H·W, N]`.
  /// - Precondition: the sizes are positive, and the values have that shape.
  public init(height: Int, width: Int, channels: Int = 1, values: TokenBatch) {
    require(
      height > 0 && width > 0 && (channels == 1 || channels == 3),
      "PixelBatch: pictures of \(height) × \(width) pixels with \(channels) channels")
    require(
      values.steps == height * width * channels,
      """
      PixelBatch: values of shape \(values.shape) for pictures of \(height) × \(width) pixels with \
      \(channels) channels
      """)
    (self.height, self.width, self.channels, self.values) = (height, width, channels, values)
  }

  /// Pictures from the values of each.
  ///
  /// - Parameters:
  ///   - pictures: `C·H·W` values for each.
  ///   - height: `H`.
  ///   - width: `W`.
  ///   - channels: `C`, 1 or 3.
  /// - Precondition: each picture has that many values.
  public init(_ pictures: [[Token]], height: Int, width: Int, channels: Int = 1) {
    let count = height * width * channels
    for (n, picture) in pictures.enumerated() {
      require(
        picture.count == count,
        """
        PixelBatch: picture \(n) has \(picture.count) values, expected \(count) for \
        \(height) × \(width) pixels with \(channels) channels
        """)
    }
    var values = TokenBatch(repeating: 0, steps: count, batch: pictures.count)
    for (n, picture) in pictures.enumerated() {
      for (k, value) in picture.enumerated() { values[k, n] = value }
    }
    self.init(height: height, width: width, channels: channels, values: values)
  }

  /// The values of one picture.
  public func picture(_ n: Int) -> [Token] { (0..<values.steps).map { values[$0, n] } }

  /// The pictures of a range.
  public subscript(pictures range: Range<Int>) -> PixelBatch {
    PixelBatch(
      range.map(picture), height: height, width: width, channels: channels)
  }

  /// The first rows of all pictures.
  func cropped(toRows rows: Int) -> PixelBatch {
    let kept = rows * width
    var result = TokenBatch(repeating: 0, steps: channels * kept, batch: count)
    for c in 0..<channels {
      for p in 0..<kept {
        for n in 0..<count { result[c * kept + p, n] = values[c * pixelCount + p, n] }
      }
    }
    return PixelBatch(height: rows, width: width, channels: channels, values: result)
  }
}
