internal import LinAlg
import SequenceModels

/// A picture of 8 bits for each sample, to be written as PNG.
public struct Picture: Sendable, Equatable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// 1 for shades of grey, 3 for red, green and blue.
  public let channels: Int
  /// The samples, 0 for black: row by row from the top left corner, of each pixel the channels in turn. Their
  /// values may change, their number may not.
  public var samples: [UInt8]

  /// A picture from its samples.
  ///
  /// - Precondition: the sizes are positive, there are 1 or 3 channels, and as many samples as all of them
  ///   have.
  public init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
    require(
      width > 0 && height > 0 && (channels == 1 || channels == 3)
        && samples.count == width * height * channels,
      """
      Picture: \(samples.count) samples for \(height) × \(width) pixels with \(channels) channels, \
      1 or 3
      """)
    (self.width, self.height) = (width, height)
    (self.channels, self.samples) = (channels, samples)
  }

  /// A sheet of pictures, row by row.
  ///
  /// - Parameters:
  ///   - pictures: at least one.
  ///   - levels: how many values a channel can have; value `v` becomes `255·v / (levels − 1)`.
  ///   - columns: how many stand side by side.
  ///   - scale: the side of the square that a pixel becomes.
  ///   - gap: how wide the white lines around the pictures are.
  /// - Precondition: there is a picture, values are of `0..<levels`, numbers positive, the gap not negative.
  public init(
    sheetOf pictures: PixelBatch, levels: Int, columns: Int, scale: Int = 1, gap: Int = 1
  ) {
    require(
      pictures.count > 0 && levels > 1 && columns > 0 && scale > 0 && gap >= 0,
      """
      Picture: a sheet of \(pictures.count) pictures with \(levels) values in \(columns) columns, a \
      pixel \(scale) wide and a gap \(gap)
      """)
    let columns = min(columns, pictures.count)
    let rows = (pictures.count + columns - 1) / columns
    let step = (across: pictures.width * scale + gap, down: pictures.height * scale + gap)
    let (width, height) = (columns * step.across + gap, rows * step.down + gap)
    let channels = pictures.channels
    var samples = [UInt8](repeating: 255, count: width * height * channels)
    for n in 0..<pictures.count {
      let (left, top) = (n % columns * step.across + gap, n / columns * step.down + gap)
      for y in 0..<pictures.height * scale {
        for x in 0..<pictures.width * scale {
          let pixel = y / scale * pictures.width + x / scale
          for c in 0..<channels {
            let value = Int(pictures.values[c * pictures.pixelCount + pixel, n])
            require(
              (0..<levels).contains(value),
              "Picture: value \(value) of picture \(n), expected 0..<\(levels)")
            samples[((top + y) * width + left + x) * channels + c] = UInt8(
              (255 * value + (levels - 1) / 2) / (levels - 1))
          }
        }
      }
    }
    self.init(width: width, height: height, channels: channels, samples: samples)
  }
}
