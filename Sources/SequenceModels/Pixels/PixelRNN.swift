import Autodiff
import LinAlg
import Recurrent

/// A model of pictures that predicts each value of each pixel from all that it sees of what comes before (van den
/// Oord et al. 2016, "Pixel recurrent neural networks").
///
/// ```
/// x = 2·v/(K − 1) − 1                                 f = convolution of x, mask A
/// f ← f + U·layer(f), for each layer, mask B          z = W₂·relu(W₁·relu(f)), mask B
/// P(picture) = Π softmax(z of the value)[value]       pixels row by row; of each the channels in turn
/// ```
/// The layers are those of a ``Kind``. A mask hides from a channel's features what comes after it, so that no
/// value has an influence on the probabilities of those before it.
///
/// ```swift
/// let step = try model.trainingStep(on: graph, optimizer: &adam) { $0.loss(pictures, on: $1) }
/// let bits = model.bitsPerDimension(of: held, on: graph)
/// let drawn = model.sample(64, height: 8, width: 8, on: graph)
/// ```
/// A model has no size of pictures of its own: all of it is the same for each pixel. A value: copies share their
/// parameters until one of them is trained.
public struct PixelRNN<Scalar: RecurrentScalar>: Model {
  /// What reads the pictures.
  public enum Kind: Sendable, Hashable, Codable {
    /// Row by row from the top; each state meets `kernel` states of the row above, an odd number. A pixel
    /// sees a triangle above it and, with several layers, what is left of it.
    case rowLSTM(kernel: Int = 3)
    /// Diagonal by diagonal, from both upper corners. A pixel sees all that comes before it.
    case diagonalBiLSTM
  }

  /// What reads the pictures.
  public let kind: Kind
  /// `C`, the number of channels, 1 or 3.
  public let channels: Int
  /// `K`, how many values a channel can have.
  public let levels: Int

  var first: MaskedConvolution<Scalar>
  var layers: [PixelLayer<Scalar>]
  var head: [MaskedConvolution<Scalar>]

  /// A model with random weights.
  ///
  /// - Parameters:
  ///   - kind: what reads the pictures.
  ///   - channels: `C`, 1 or 3.
  ///   - levels: `K`, how many values a channel can have, at least 2.
  ///   - hiddenSize: the units of each layer, a multiple of `C`; between layers there are twice as many
  ///     features.
  ///   - layerCount: the number of layers.
  ///   - window: the side of the square that the first convolution sees, odd.
  ///   - headSize: the features before the last map, a multiple of `C`; nil for twice the units.
  ///   - generator: the source of randomness.
  /// - Precondition: sizes as stated.
  public init(
    _ kind: Kind, channels: Int = 1, levels: Int, hiddenSize: Int, layerCount: Int,
    window: Int = 7, headSize: Int? = nil, using generator: inout some RandomNumberGenerator
  ) {
    let (features, headSize) = (2 * hiddenSize, headSize ?? 2 * hiddenSize)
    require(
      (channels == 1 || channels == 3) && levels > 1,
      "PixelRNN: \(channels) channels of \(levels) values")
    require(
      hiddenSize > 0 && headSize > 0 && hiddenSize % channels == 0 && headSize % channels == 0,
      "PixelRNN: \(hiddenSize) and \(headSize) units for \(channels) channels")
    require(
      layerCount > 0 && window > 0 && window % 2 == 1,
      "PixelRNN: \(layerCount) layers behind a window of \(window) pixels; it has to be odd")
    if case .rowLSTM(let kernel) = kind {
      require(
        kernel > 0 && kernel % 2 == 1, "PixelRNN: a kernel of \(kernel) states; it has to be odd")
    }
    (self.kind, self.channels, self.levels) = (kind, channels, levels)
    let side = -(window / 2)...window / 2
    first = MaskedConvolution(
      side.flatMap { row in side.map { PixelOffset(rows: row, columns: $0) } }, mask: .a,
      channels: channels, inputSize: channels, outputSize: features, using: &generator)
    layers = []
    for _ in 0..<layerCount {
      layers.append(
        PixelLayer(
          kind, channels: channels, features: features, hiddenSize: hiddenSize, using: &generator))
    }
    head = [
      MaskedConvolution(
        mask: .b, channels: channels, inputSize: features, outputSize: headSize, using: &generator),
      MaskedConvolution(
        mask: .b, channels: channels, inputSize: headSize, outputSize: channels * levels,
        using: &generator),
    ]
  }

  /// The parts: the first convolution, the layers and the maps of their features.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("first", &first)
    part("layers", &layers)
    part("head", &head)
  }

  /// The scores of every value of every picture, `[C·H·W, N, K]`, in the order of ``PixelBatch/values``.
  ///
  /// - Parameters:
  ///   - pictures: of any size, with values of `0..<levels`.
  ///   - graph: computes it.
  /// - Precondition: the pictures have the model's channels and values.
  public func callAsFunction(_ pictures: PixelBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    scores(features(pictures, on: graph))
  }

  /// The scores of every value of every picture, as ``callAsFunction(_:on:)`` has them, from values that have been
  /// scaled to −1 up to 1.
  ///
  /// - Parameters:
  ///   - values: `2·v/(K − 1) − 1`, the pixels row by row, `[H·W, N, C]`.
  ///   - height: `H`.
  ///   - width: `W`.
  /// - Precondition: there are so many pixels, of the model's channels.
  public func callAsFunction(scaled values: Node<Scalar>, height: Int, width: Int) -> Node<Scalar> {
    require(
      height > 0 && width > 0 && values.steps == height * width && values.features == channels,
      """
      PixelRNN: values of shape \(values.shape), expected [H·W, N, C] with \(height) × \(width) pixels of \
      \(channels) channels
      """)
    return scores(
      features(values, PixelGrid(height: height, width: width, batch: values.batch)))
  }

  /// The mean loss of the values of pictures: ``/Autodiff/Loss/bitsPerToken`` of it are bits per dimension.
  ///
  /// - Parameters:
  ///   - pictures: of any size, with values of `0..<levels`.
  ///   - graph: computes it.
  public func loss(_ pictures: PixelBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    self(pictures, on: graph).crossEntropy(pictures.values)
  }

  /// What the head sees at each pixel, `[H·W, N, F]`.
  func features(_ pictures: PixelBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    features(
      inputs(pictures, on: graph),
      PixelGrid(height: pictures.height, width: pictures.width, batch: pictures.count))
  }

  private func features(_ picture: Node<Scalar>, _ grid: PixelGrid) -> Node<Scalar> {
    var f = first(picture, grid)
    for i in 0..<layers.count { f = f + layers[i](f, picture: picture, grid) }
    return f
  }

  /// From the features of some pixels to their scores, one channel after the other.
  func scores(_ f: Node<Scalar>) -> Node<Scalar> {
    let z = head[1](pixels: head[0](pixels: f.relu()).relu())
    if channels == 1 { return z }
    return Node.joined(
      (0..<channels).map { z[features: $0 * levels..<($0 + 1) * levels] }, along: .steps)
  }

  /// The values between −1 and 1, `[H·W, N, C]`.
  private func inputs(_ pictures: PixelBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    require(
      pictures.channels == channels,
      "PixelRNN: pictures of \(pictures.channels) channels for a model of \(channels)")
    let (P, N, C) = (pictures.pixelCount, pictures.count, channels)
    var x = SequenceBatch<Scalar>(
      steps: P, batch: N, features: C, elements: Array(repeating: 0, count: P * N * C))
    x.withUnsafeMutableBufferPointer { x in
      pictures.values.withUnsafeBufferPointer { values in
        for row in 0..<values.count {
          let value = values[row]
          require(
            value >= 0 && Int(value) < levels,
            "PixelRNN: value \(value) of picture \(row % N), expected 0..<\(levels)")
          let (c, place) = (row / (P * N), row % (P * N))
          x[place * C + c] = 2 * Scalar(Int(value)) / Scalar(levels - 1) - 1
        }
      }
    }
    return graph.constant(x)
  }
}

/// What one layer adds to the features: `U·layer(f)`.
struct PixelLayer<Scalar: RecurrentScalar>: Model {
  var rows: RowLSTM<Scalar>?
  var diagonals: DiagonalBiLSTM<Scalar>?
  /// `U`.
  var up: MaskedConvolution<Scalar>

  init(
    _ kind: PixelRNN<Scalar>.Kind, channels: Int, features: Int, hiddenSize: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    switch kind {
    case .rowLSTM(let kernel):
      rows = RowLSTM(
        channels: channels, inputSize: features, hiddenSize: hiddenSize, kernel: kernel,
        using: &generator)
    case .diagonalBiLSTM:
      diagonals = DiagonalBiLSTM(
        channels: channels, inputSize: features, hiddenSize: hiddenSize, using: &generator)
    }
    up = MaskedConvolution(
      mask: .b, channels: channels, inputSize: hiddenSize, outputSize: features, using: &generator)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("rows", &rows)
    part("diagonals", &diagonals)
    part("up", &up)
  }

  func callAsFunction(
    _ f: Node<Scalar>, picture: Node<Scalar>, _ grid: PixelGrid
  ) -> Node<Scalar> {
    guard let h = rows?(f, grid) ?? diagonals?(f, picture: picture, grid) else {
      failRequirement("PixelLayer: nothing reads the picture")
    }
    return up(h, grid)
  }
}
