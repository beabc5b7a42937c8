import Autodiff
import LinAlg
import Recurrent

/// The pixels of a picture, one diagonal after the other: `i + j` equal, or from the right `i + (W − 1 − j)`.
///
/// The paper skews a picture for this, each row a place further right than the one above, and reads the
/// columns of what becomes; here pixels are put into the order of those columns, without the places that
/// skewing leaves empty.
struct DiagonalOrder {
  /// The pixels, diagonal by diagonal, in each from the top.
  private(set) var pixels: [Int] = []
  /// Where each diagonal stands in ``pixels``.
  private(set) var diagonals: [Range<Int>] = []
  /// Where each pixel stands in ``pixels``.
  private(set) var places: [Int]

  init(_ grid: PixelGrid, fromRight: Bool) {
    places = Array(repeating: 0, count: grid.count)
    for d in 0..<grid.height + grid.width - 1 {
      let start = pixels.count
      for row in 0..<grid.height {
        let column = fromRight ? grid.width - 1 - (d - row) : d - row
        guard let pixel = grid.pixel(row, column) else { continue }
        places[pixel] = pixels.count
        pixels.append(pixel)
      }
      diagonals.append(start..<pixels.count)
    }
  }
}

/// A layer that reads pictures diagonal by diagonal, from the top left or from the top right corner: one
/// direction of a ``DiagonalBiLSTM``.
struct DiagonalLSTM<Scalar: RecurrentScalar>: Model {
  /// `Kⁱˢ`, of the pixel alone.
  var inputToState: MaskedConvolution<Scalar>
  /// `Kˢˢ [4H, 2H]`.
  var stateToState: Parameter<Scalar>
  /// Whether it begins at the top right.
  let fromRight: Bool

  init(
    fromRight: Bool, channels: Int, inputSize: Int, hiddenSize: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    self.fromRight = fromRight
    // What begins at the right has an influence on the row below alone: nothing has to be hidden from it.
    inputToState = MaskedConvolution(
      mask: .b, channels: fromRight ? 1 : channels,
      inputSize: inputSize + (fromRight ? channels : 0), outputSize: 4 * hiddenSize, blocks: 4,
      using: &generator)
    stateToState = Parameter(rows: 4 * hiddenSize, columns: 2 * hiddenSize, using: &generator)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("inputToState", &inputToState)
    part("stateToState", &stateToState)
  }

  /// Where the states are that a state meets, as seen from its pixel: beside it, on the side where reading
  /// began, and above it. The cell comes from the one beside.
  var stateOffsets: [PixelOffset] {
    [PixelOffset(rows: 0, columns: fromRight ? 1 : -1), PixelOffset(rows: -1, columns: 0)]
  }

  /// Where the state is that a pixel gets, as seen from it. Those of the right direction move down by a row:
  /// on the right of their pixel stands what comes after it.
  var outputOffset: PixelOffset { PixelOffset(rows: fromRight ? -1 : 0, columns: 0) }

  /// Whether the picture itself is read beside the features of each pixel, which know of what comes before it
  /// alone: without it, the last pixel of a row would be hidden from the whole row below.
  var readsPicture: Bool { fromRight }

  /// What each pixel gets of the hidden states, `[H·W, N, H]`.
  ///
  /// - Parameters:
  ///   - f: the features, `[H·W, N, F]`.
  ///   - picture: the values, `[H·W, N, C]`.
  ///   - grid: where the pixels are.
  func callAsFunction(
    _ f: Node<Scalar>, picture: Node<Scalar>, _ grid: PixelGrid
  ) -> Node<Scalar> {
    let order = DiagonalOrder(grid, fromRight: fromRight)
    let inputs = inputToState(readsPicture ? f.joined(picture, along: .features) : f, grid)
      .gathered(rows: grid.rows(order.pixels.map { [$0] }))
    let weights = stateToState(on: f.graph)
    var before: LSTMCellStates<Scalar>?
    var diagonals: [Node<Scalar>] = []
    for (d, range) in order.diagonals.enumerated() {
      var gates = inputs[steps: range]
      var cell: Node<Scalar>?
      if let before {
        // Both neighbours stand in the diagonal before.
        let first = order.diagonals[d - 1].lowerBound
        let met = order.pixels[range].map { p in
          stateOffsets.map { grid.pixel(beside: p, $0).map { order.places[$0] - first } }
        }
        let states = before.hidden.gathered(rows: grid.rows(met), sideBySide: 2)
        gates = gates + states.product(transposed: weights)
        cell = before.cell.gathered(rows: grid.rows(met.map { [$0[0]] }))
      }
      let states = gates.lstmCells(after: cell)
      diagonals.append(states.hidden)
      before = states
    }
    // Back from the order of diagonals to that of rows.
    let back = (0..<grid.count).map { p in
      [grid.pixel(beside: p, outputOffset).map { order.places[$0] }]
    }
    return Node.joined(diagonals, along: .steps).gathered(rows: grid.rows(back))
  }
}

/// A layer that reads pictures diagonal by diagonal from both upper corners (van den Oord et al. 2016, section
/// 3.2): each pixel sees all that comes before it.
///
/// ```
/// [i f g o](i, j) = Kⁱˢ·x(i, j) + Kˢˢ·[h(i, j − 1) h(i − 1, j)]      c from c(i, j − 1)
/// y(i, j) = h(i, j) + h′(i − 1, j)                                   h′ the same, mirrored
/// ```
/// Behind mask A the features of a pixel do not know the pixel, so that with the paper's `h′` a row does not see the
/// last pixel of the row above, but where the first convolution reaches it. Here `h′` reads the picture, too.
struct DiagonalBiLSTM<Scalar: RecurrentScalar>: Model {
  var fromLeft: DiagonalLSTM<Scalar>
  var fromRight: DiagonalLSTM<Scalar>

  init(
    channels: Int, inputSize: Int, hiddenSize: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    fromLeft = DiagonalLSTM(
      fromRight: false, channels: channels, inputSize: inputSize, hiddenSize: hiddenSize,
      using: &generator)
    fromRight = DiagonalLSTM(
      fromRight: true, channels: channels, inputSize: inputSize, hiddenSize: hiddenSize,
      using: &generator)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("fromLeft", &fromLeft)
    part("fromRight", &fromRight)
  }

  /// From features `[H·W, N, F]` and the picture `[H·W, N, C]` to `[H·W, N, H]`.
  func callAsFunction(
    _ f: Node<Scalar>, picture: Node<Scalar>, _ grid: PixelGrid
  ) -> Node<Scalar> {
    fromLeft(f, picture: picture, grid) + fromRight(f, picture: picture, grid)
  }
}
