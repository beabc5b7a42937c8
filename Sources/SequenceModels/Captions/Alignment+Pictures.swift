import Autodiff
internal import Charts
import LinAlg

extension Alignment {
  /// What was looked at, once for each word: bright and warm where the word looked, dark where it did not (after the
  /// figures of Xu et al. 2015).
  ///
  /// ```
  /// s = attention of the pixel / the word's largest      pixel ← pixel·(0.35 + 0.65·s) + 0.25·s·orange
  /// ```
  ///
  /// - Parameters:
  ///   - frames: the picture, or the frames of the video, one after the other.
  ///   - levels: how many values a channel of theirs can have.
  ///   - grid: the regions of a picture; the weights are those of all regions of the first frame, then of the
  ///     second.
  /// - Returns: for each word all frames, in three channels of 256 values.
  /// - Precondition: there are as many weights as regions in all frames, and values are of `0..<levels`.
  public func pictures(
    over frames: PixelBatch, levels: Int, grid: RegionGrid
  ) -> PixelBatch {
    require(
      targetCount > 0 && sourceCount == frames.count * grid.count,
      """
      pictures: an alignment of \(targetCount) words with \(sourceCount) places for \
      \(frames.count) pictures of \(grid.count) regions
      """)
    require(
      frames.height == grid.height && frames.width == grid.width && levels > 1,
      """
      pictures: pictures of \(frames.height) × \(frames.width) pixels and \(levels) values, the \
      regions are of \(grid.height) × \(grid.width)
      """)
    let bright = (0..<frames.count).map { frames.picture($0) }
    var result: [[Token]] = []
    for word in weights {
      let attention = (0..<frames.count).map { t in
        grid.spread(word[t * grid.count..<(t + 1) * grid.count])
      }
      let largest = attention.reduce(0) { max($0, $1.max() ?? 0) }
      for (picture, attention) in zip(bright, attention) {
        result.append(
          lit(picture, attention.map { largest > 0 ? $0 / largest : 0 }, levels, frames))
      }
    }
    return PixelBatch(result, height: frames.height, width: frames.width, channels: 3)
  }

  /// A picture in three channels, lit by what each pixel got.
  private func lit(
    _ picture: [Token], _ attention: [Double], _ levels: Int, _ frames: PixelBatch
  ) -> [Token] {
    let area = frames.pixelCount
    return [255.0, 140, 0].enumerated().flatMap { c, tint in
      (0..<area).map { p in
        let value = picture[(frames.channels == 1 ? 0 : c * area) + p]
        require(
          (0..<levels).contains(Int(value)), "pictures: value \(value), expected 0..<\(levels)")
        let light = 255 * Double(Int(value)) / Double(levels - 1)
        let s = attention[p]
        return Token(min(255, light * (0.35 + 0.65 * s) + 0.25 * s * tint).rounded())
      }
    }
  }

  /// The text of an SVG file of ``pictures(over:levels:grid:)``, each word below what it looked at.
  ///
  /// - Parameters:
  ///   - title: its heading.
  ///   - frames: the picture, or the frames of the video; a word has a row of its own then.
  ///   - levels: how many values a channel of theirs can have.
  ///   - grid: the regions of a picture.
  ///   - words: what each row of the alignment is called, the end among them where it has a row.
  /// - Precondition: as there, and there is a name for each row.
  public func drawing(
    title: String = "Where each word looks", over frames: PixelBatch, levels: Int,
    grid: RegionGrid, words: [String]
  ) -> String {
    require(
      words.count == targetCount, "drawing: \(words.count) words for \(targetCount) rows")
    let pictures = pictures(over: frames, levels: levels, grid: grid)
    let area = pictures.pixelCount
    let panels = (0..<pictures.count).map { k in
      let values = pictures.picture(k)
      return PictureSheet.Panel(
        label: k % frames.count == 0 ? words[k / frames.count] : "",
        colours: (0..<area).map { p in
          SVG.Colour(
            red: UInt8(values[p]), green: UInt8(values[area + p]),
            blue: UInt8(values[2 * area + p]))
        })
    }
    return PictureSheet(
      label: title, width: frames.width, height: frames.height,
      columns: frames.count > 1 ? frames.count : min(words.count, 6), panels: panels
    ).svg().document
  }
}
