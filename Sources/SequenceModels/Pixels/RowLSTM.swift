import Autodiff
import LinAlg
import Recurrent

/// A layer that reads pictures from the top down, a row a step (van den Oord et al. 2016, section 3.1).
///
/// ```
/// [i f g o](r) = Kⁱˢ ⊛ x(r) + Kˢˢ ⊛ h(r − 1)      c(r) = f∘c(r − 1) + i∘g      h(r) = o∘tanh c(r)
/// ```
/// `Kⁱˢ` is masked to the pixel and those left of it; `Kˢˢ` meets the states of the row above, as many to the left
/// as to the right. All pixels of a row of all pictures are one step. What a state sees widens by the half of
/// `Kˢˢ` with each row: a triangle.
struct RowLSTM<Scalar: RecurrentScalar>: Model {
  /// `Kⁱˢ`.
  var inputToState: MaskedConvolution<Scalar>
  /// `Kˢˢ [4H, k·H]`.
  var stateToState: Parameter<Scalar>
  /// `k`, odd.
  let kernel: Int

  init(
    channels: Int, inputSize: Int, hiddenSize: Int, kernel: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    self.kernel = kernel
    inputToState = MaskedConvolution(
      (-kernel / 2...0).map { PixelOffset(rows: 0, columns: $0) }, mask: .b, channels: channels,
      inputSize: inputSize, outputSize: 4 * hiddenSize, blocks: 4, using: &generator)
    stateToState = Parameter(
      rows: 4 * hiddenSize, columns: kernel * hiddenSize, using: &generator)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("inputToState", &inputToState)
    part("stateToState", &stateToState)
  }

  /// Where the states are that a state meets, as seen from its pixel.
  var stateOffsets: [PixelOffset] {
    (-kernel / 2...kernel / 2).map { PixelOffset(rows: -1, columns: $0) }
  }

  /// From `[H·W, N, F]` to the hidden states, `[H·W, N, H]`.
  func callAsFunction(_ x: Node<Scalar>, _ grid: PixelGrid) -> Node<Scalar> {
    let (inputs, weights) = (inputToState(x, grid), stateToState(on: x.graph))
    // Within the row above, whose pixels are numbered as this one's.
    let columns = 0..<grid.width
    let neighbours = grid.rows(
      columns.map { column in
        stateOffsets.map { columns.contains(column + $0.columns) ? column + $0.columns : nil }
      })
    var above: LSTMCellStates<Scalar>?
    var rows: [Node<Scalar>] = []
    for row in 0..<grid.height {
      var gates = inputs[steps: row * grid.width..<(row + 1) * grid.width]
      if let above {
        let met = above.hidden.gathered(rows: neighbours, sideBySide: kernel)
        gates = gates + met.product(transposed: weights)
      }
      let states = gates.lstmCells(after: above?.cell)
      rows.append(states.hidden)
      above = states
    }
    return Node.joined(rows, along: .steps)
  }
}
