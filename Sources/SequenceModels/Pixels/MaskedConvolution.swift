import Autodiff
import LinAlg
import Recurrent

/// Whether a feature sees its own channel of its own pixel (van den Oord et al. 2016).
enum PixelMask: Sendable {
  /// Only the channels before its own: between the picture and the first features.
  case a
  /// Its own channel too: behind that.
  case b
}

/// A convolution that sees, of a pixel's neighbourhood, only what comes before the pixel, and of the pixel
/// itself what the mask lets through.
///
/// ```
/// y[p] = (M∘W)·[x[p + o₁] … x[p + oₖ]] + b        M 0 where the input's channel may not be seen, else 1
/// ```
/// Features belong to the channels in equal shares, one channel after the other. All pixels of all pictures
/// are one product.
struct MaskedConvolution<Scalar: RecurrentScalar>: Model {
  /// `W [K, k·F]`.
  var weights: Parameter<Scalar>
  /// `b [1, K]`.
  var biases: Parameter<Scalar>
  /// What is seen of a pixel's neighbourhood; none outside of the picture, which counts as zeros.
  let offsets: [PixelOffset]
  /// `M`; nil where it is 1 everywhere.
  private let mask: SequenceBatch<Scalar>?

  /// - Parameters:
  ///   - offsets: the neighbourhood; what does not come before the pixel, besides the pixel, is left out.
  ///   - mask: what is seen of the pixel itself.
  ///   - channels: `C`.
  ///   - inputSize: `F`, a multiple of `C`.
  ///   - outputSize: `K`.
  ///   - blocks: how many times the shares of the channels are repeated in the output: 4 for gates.
  init(
    _ offsets: [PixelOffset] = [.here], mask: PixelMask, channels: Int, inputSize: Int,
    outputSize: Int, blocks: Int = 1, using generator: inout some RandomNumberGenerator
  ) {
    let seesItself = mask == .b || channels > 1
    self.offsets = offsets.filter { $0.isBefore || ($0 == .here && seesItself) }
    let columns = self.offsets.count * inputSize
    weights = Parameter(rows: outputSize, columns: columns, using: &generator)
    biases = Parameter(rows: 1, columns: outputSize)
    guard channels > 1 else {
      self.mask = nil
      return
    }
    let share = outputSize / blocks
    var elements: [Scalar] = []
    for k in 0..<outputSize {
      let own = k % share * channels / share
      for offset in self.offsets {
        for f in 0..<inputSize {
          let seen = f * channels / inputSize
          let isSeen = offset.isBefore || (mask == .a ? seen < own : seen <= own)
          elements.append(isSeen ? 1 : 0)
        }
      }
    }
    self.mask = SequenceBatch(steps: 1, batch: outputSize, features: columns, elements: elements)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("weights", &weights)
    part("biases", &biases)
  }

  /// From `[H·W, N, F]` to `[H·W, N, K]`.
  func callAsFunction(_ x: Node<Scalar>, _ grid: PixelGrid) -> Node<Scalar> {
    self(
      pixels: offsets == [.here]
        ? x : x.gathered(rows: grid.neighbours(offsets), sideBySide: offsets.count))
  }

  /// From the neighbourhoods of some pixels, side by side.
  func callAsFunction(pixels x: Node<Scalar>) -> Node<Scalar> {
    let graph = x.graph
    var W = weights(on: graph)
    if let mask { W = W * graph.constant(mask) }
    return x.product(transposed: W) + biases(on: graph)
  }
}
