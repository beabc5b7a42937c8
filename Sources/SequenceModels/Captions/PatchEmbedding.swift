import Autodiff
import LinAlg
import Recurrent

/// A picture as a grid of regions, each with its features: what attention looks at.
///
/// ```
/// u = relu(W₁·patch + b₁)                        for each patch of pixels; pixels as v/(K − 1)
/// a = relu(W₂·[u … u] + b₂) + row[i] + column[j]      for each window of patches
/// ```
/// Two layers of windows that are learned with the rest, in place of the features of a network that was trained on
/// other pictures (Xu et al. 2015 take those of the VGG network). A region's features see nothing but its own
/// pixels, ``grid``, so that where attention looks is where it finds what it says. What is added says where the
/// region lies. All patches of all pictures are one product, all windows another.
public struct PatchEmbedding<Scalar: RecurrentScalar>: Model {
  /// `C`, the channels of pictures.
  public let channels: Int
  /// `K`, how many values a channel can have.
  public let levels: Int
  /// What the first layer sees, in pixels.
  public let patch: PatchWindow
  /// What the second layer sees, in patches.
  public let window: PatchWindow
  /// The regions, in pixels.
  public let grid: RegionGrid

  private let patches: RegionGrid
  /// Of each region the patches that it is made of.
  private let patchesOfRegions: [[Int]]
  private var first: Linear<Scalar>
  private var second: Linear<Scalar>
  private var rows: Embedding<Scalar>
  private var columns: Embedding<Scalar>

  /// `F`, the number of features of a region.
  public var features: Int { second.outputSize }

  /// An embedding with random weights.
  ///
  /// - Parameters:
  ///   - height: the rows of pictures.
  ///   - width: their columns.
  ///   - channels: `C`, 1 or 3.
  ///   - levels: `K`, how many values a channel can have, at least 2.
  ///   - patch: what the first layer sees, in pixels.
  ///   - patchFeatures: how many features the first layer has.
  ///   - window: what the second layer sees, in patches; of one patch, it is a second map of each.
  ///   - features: `F`.
  ///   - generator: the source of randomness.
  /// - Precondition: a patch fits into a picture, and a window into the grid of its patches.
  public init(
    height: Int, width: Int, channels: Int = 1, levels: Int, patch: PatchWindow,
    patchFeatures: Int, window: PatchWindow = PatchWindow(side: 1), features: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    require(
      (channels == 1 || channels == 3) && levels > 1,
      "PatchEmbedding: \(channels) channels of \(levels) values")
    (self.channels, self.levels) = (channels, levels)
    (self.patch, self.window) = (patch, window)
    patches = RegionGrid(height: height, width: width, window: patch)
    patchesOfRegions = patches.regions(in: window)
    grid = RegionGrid(
      height: height, width: width,
      window: PatchWindow(
        side: patch.side + (window.side - 1) * patch.stride,
        stride: window.stride * patch.stride))
    // As much variance behind the rectifier as before it (He et al. 2015).
    first = Linear(
      inputSize: patch.side * patch.side * channels, outputSize: patchFeatures,
      weights: .heNormal, using: &generator)
    second = Linear(
      inputSize: window.side * window.side * patchFeatures, outputSize: features,
      weights: .heNormal, using: &generator)
    rows = Embedding(
      vocabularySize: grid.rows, features: features, weights: .normal(0.3), using: &generator)
    columns = Embedding(
      vocabularySize: grid.columns, features: features, weights: .normal(0.3), using: &generator)
  }

  /// The parts: both layers, and what says where a region lies.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("first", &first)
    part("second", &second)
    part("rows", &rows)
    part("columns", &columns)
  }

  /// The features of all regions, `[R, N, F]`, region by region as ``grid`` numbers them.
  ///
  /// - Parameters:
  ///   - pictures: `N` of them, of the embedding's size, with values of `0..<levels`.
  ///   - graph: computes it.
  /// - Precondition: as stated.
  public func callAsFunction(_ pictures: PixelBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    require(
      pictures.height == grid.height && pictures.width == grid.width
        && pictures.channels == channels,
      """
      PatchEmbedding: pictures of \(pictures.height) × \(pictures.width) pixels with \
      \(pictures.channels) channels, expected \(grid.height) × \(grid.width) with \(channels)
      """)
    return self(patches: graph.constant(pixels(pictures)))
  }

  /// The features of all regions, as ``callAsFunction(_:on:)`` has them, from pictures that have been cut into
  /// patches.
  ///
  /// - Parameter pixels: the pixels of each patch, channel by channel and row by row, as numbers of 0 to 1,
  ///   `[patches, N, C·side²]`; patches are numbered row by row, a stride apart.
  /// - Precondition: the shape is as stated.
  public func callAsFunction(patches pixels: Node<Scalar>) -> Node<Scalar> {
    require(
      pixels.steps == patches.count && pixels.features == first.inputSize,
      """
      PatchEmbedding: patches of shape \(pixels.shape), expected \
      [\(patches.count), N, \(first.inputSize)]
      """)
    let graph = pixels.graph
    var u = first(pixels).relu()
    if window.side > 1 || window.stride > 1 {
      let numbers = PixelGrid(
        height: patches.rows, width: patches.columns, batch: pixels.batch
      ).rows(patchesOfRegions)
      u = u.gathered(rows: numbers, sideBySide: window.side * window.side)
    }
    func positions(_ table: Embedding<Scalar>, _ place: (Int) -> Int) -> Node<Scalar> {
      table(
        TokenBatch(
          steps: grid.count, batch: 1, tokens: (0..<grid.count).map { Token(place($0)) }),
        on: graph)
    }
    return second(u).relu() + positions(rows) { $0 / grid.columns }
      + positions(columns) { $0 % grid.columns }
  }

  /// The pixels of each patch, `[patches, N, C·side²]`, as numbers of 0 to 1.
  private func pixels(_ pictures: PixelBatch) -> SequenceBatch<Scalar> {
    var x = SequenceBatch<Scalar>.zeros(
      steps: patches.count, batch: pictures.count, features: first.inputSize)
    x.withUnsafeMutableBufferPointer { x in
      pictures.values.withUnsafeBufferPointer { values in
        if let wrong = values.firstIndex(where: { $0 < 0 || Int($0) >= levels }) {
          failRequirement(
            """
            PatchEmbedding: value \(values[wrong]) of picture \(wrong % pictures.count), expected \
            0..<\(levels)
            """)
        }
        writePatches(
          values, of: patches, channels: channels, batch: pictures.count,
          times: 1 / Scalar(levels - 1), into: x)
      }
    }
    return x
  }
}

/// The pixels of each patch of each picture, channel by channel, `[patches, N, C·side²]`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func writePatches<Scalar: RecurrentScalar>(
  _ values: UnsafeBufferPointer<Token>, of grid: RegionGrid, channels: Int, batch: Int,
  times scale: Scalar, into x: UnsafeMutableBufferPointer<Scalar>
) {
  let (side, area) = (grid.window.side, grid.height * grid.width)
  var k = 0
  for patch in 0..<grid.count {
    let top = patch / grid.columns * grid.window.stride
    let left = patch % grid.columns * grid.window.stride
    for n in 0..<batch {
      for c in 0..<channels {
        for i in top..<top + side {
          let start = (c * area + i * grid.width + left) * batch + n
          for j in 0..<side {
            x[k] = Scalar(Int(values[start + j * batch])) * scale
            k += 1
          }
        }
      }
    }
  }
}
