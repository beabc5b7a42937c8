import LinAlg
import Recurrent

/// A state whose parts the suite can look at and change as any caller can.
protocol MixState: CarriedState where Scalar: RecurrentScalar {
  /// The shapes of the matrices that it consists of.
  var shapes: [[Int]] { get }
  /// All numbers.
  var numbers: [Scalar] { get }
  /// Changes a part to one that may not fit, and tells how.
  mutating func disturb(_ dice: inout Dice) -> String
  /// Changes the numbers of a part and not its shape.
  mutating func change(_ dice: inout Dice)
}

extension Matrix {
  var shape: [Int] { [rows, columns] }
  var numbers: [Scalar] { withUnsafeBufferPointer { Array($0) } }
}

extension Dice {
  /// A matrix of almost the shape of another one, and what it is called.
  mutating func other<Scalar: RecurrentScalar>(than matrix: Matrix<Scalar>) -> Matrix<Scalar> {
    switch below(5) {
    case 0: self.matrix(max(matrix.rows - 1, 0), matrix.columns)
    case 1: self.matrix(matrix.rows, almost(matrix.columns))
    case 2: self.matrix(matrix.columns, matrix.rows)
    case 3: self.matrix(almost(matrix.rows), matrix.columns)
    default: self.matrix(0, 0)
    }
  }
}

extension LSTMState: MixState where Scalar: RecurrentScalar {
  var shapes: [[Int]] { [hidden.shape, cell.shape] }
  var numbers: [Scalar] { hidden.numbers + cell.numbers }

  mutating func disturb(_ dice: inout Dice) -> String {
    if dice.oneIn(2) {
      cell = dice.other(than: cell)
      return "cell = \(cell.shape)"
    }
    hidden = dice.other(than: hidden)
    return "hidden = \(hidden.shape)"
  }

  mutating func change(_ dice: inout Dice) { cell = dice.matrix(cell.rows, cell.columns) }
}

extension HiddenState: MixState where Scalar: RecurrentScalar {
  var shapes: [[Int]] { [hidden.shape] }
  var numbers: [Scalar] { hidden.numbers }

  mutating func disturb(_ dice: inout Dice) -> String {
    hidden = dice.other(than: hidden)
    return "hidden = \(hidden.shape)"
  }

  mutating func change(_ dice: inout Dice) { hidden = dice.matrix(hidden.rows, hidden.columns) }
}

extension DefinedState: MixState where Scalar: RecurrentScalar {
  var shapes: [[Int]] { [hidden.shape, others.shape] }
  var numbers: [Scalar] { hidden.numbers + others.numbers }

  mutating func disturb(_ dice: inout Dice) -> String {
    hidden = dice.other(than: hidden)
    return "hidden = \(hidden.shape)"
  }

  mutating func change(_ dice: inout Dice) { hidden = dice.matrix(hidden.rows, hidden.columns) }
}

extension Array: MixState where Element: MixState {
  var shapes: [[Int]] { [[count]] + flatMap(\.shapes) }
  var numbers: [Element.Scalar] { flatMap(\.numbers) }

  mutating func disturb(_ dice: inout Dice) -> String {
    if isEmpty { return "nothing" }
    switch dice.below(4) {
    case 0:
      removeLast()
      return "removeLast()"
    case 1:
      append(self[0])
      return "append([0])"
    default:
      let i = dice.below(count)
      return "[\(i)]." + self[i].disturb(&dice)
    }
  }

  mutating func change(_ dice: inout Dice) {
    if !isEmpty { self[dice.below(count)].change(&dice) }
  }
}

extension ChainState: MixState where Lower: MixState, Upper: MixState {
  var shapes: [[Int]] { lower.shapes + upper.shapes }
  var numbers: [Lower.Scalar] { lower.numbers + upper.numbers }

  mutating func disturb(_ dice: inout Dice) -> String {
    dice.oneIn(2) ? "lower." + lower.disturb(&dice) : "upper." + upper.disturb(&dice)
  }

  mutating func change(_ dice: inout Dice) { upper.change(&dice) }
}

extension BidirectionalState: MixState where Direction: MixState {
  var shapes: [[Int]] { forward.shapes + backward.shapes }
  var numbers: [Direction.Scalar] { forward.numbers + backward.numbers }

  mutating func disturb(_ dice: inout Dice) -> String {
    switch dice.below(3) {
    case 0:
      (forward, backward) = (backward, forward)
      return "(forward, backward) = (backward, forward)"
    case 1: return "forward." + forward.disturb(&dice)
    default: return "backward." + backward.disturb(&dice)
    }
  }

  mutating func change(_ dice: inout Dice) { forward.change(&dice) }
}
