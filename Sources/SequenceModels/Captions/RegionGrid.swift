import LinAlg

/// A square that moves over a picture, or over the patches of one.
public struct PatchWindow: Sendable, Hashable, Codable {
  /// The length of its sides.
  public var side: Int
  /// By how much it moves on; less than the side where windows overlap.
  public var stride: Int

  /// A window of that many rows and columns, which moves on by its own side unless said otherwise.
  ///
  /// - Precondition: both are positive.
  public init(side: Int, stride: Int? = nil) {
    (self.side, self.stride) = (side, stride ?? side)
    require(
      self.side > 0 && self.stride > 0,
      "PatchWindow: a side of \(self.side) that moves on by \(self.stride)")
  }
}

/// Where the regions of a picture lie: equal squares in rows and columns, which may overlap.
///
/// Region `i·columns + j` has the pixels from row `i·stride` and column `j·stride` on. What is left at the right
/// and at the bottom, where no whole square fits, belongs to none.
public struct RegionGrid: Sendable, Hashable {
  /// The rows of the picture.
  public let height: Int
  /// The columns of the picture.
  public let width: Int
  /// The side of a region, and how far apart regions begin, in pixels.
  public let window: PatchWindow

  /// The regions of pictures of one size.
  ///
  /// - Precondition: a region fits into the picture.
  public init(height: Int, width: Int, window: PatchWindow) {
    require(
      height >= window.side && width >= window.side,
      "RegionGrid: regions of \(window.side) pixels in pictures of \(height) × \(width)")
    (self.height, self.width, self.window) = (height, width, window)
  }

  /// How many regions lie one below the other.
  public var rows: Int { (height - window.side) / window.stride + 1 }
  /// How many regions lie side by side.
  public var columns: Int { (width - window.side) / window.stride + 1 }
  /// The number of regions.
  public var count: Int { rows * columns }

  /// The pixels of a region.
  ///
  /// - Precondition: the region is in `0..<count`.
  public func pixels(ofRegion region: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    require((0..<count).contains(region), "RegionGrid: region \(region) of \(count)")
    let (top, left) = (region / columns * window.stride, region % columns * window.stride)
    return (top..<top + window.side, left..<left + window.side)
  }

  /// The attention that each pixel gets, row by row, where a region's weight is spread evenly over its pixels:
  /// together as much as the regions.
  ///
  /// - Parameter weights: one for each region.
  /// - Precondition: there are as many.
  public func spread(_ weights: some Collection<Double>) -> [Double] {
    require(
      weights.count == count, "RegionGrid: \(weights.count) weights for \(count) regions")
    var pixels = [Double](repeating: 0, count: height * width)
    for (region, weight) in weights.enumerated() {
      let share = weight / Double(window.side * window.side)
      let place = self.pixels(ofRegion: region)
      for i in place.rows {
        for j in place.columns { pixels[i * width + j] += share }
      }
    }
    return pixels
  }

  /// Of each region of a window over this grid's regions those that it covers, `[windows][side²]`.
  func regions(in window: PatchWindow) -> [[Int]] {
    let windows = RegionGrid(height: rows, width: columns, window: window)
    return (0..<windows.count).map { number in
      let place = windows.pixels(ofRegion: number)
      return place.rows.flatMap { i in place.columns.map { i * columns + $0 } }
    }
  }
}
