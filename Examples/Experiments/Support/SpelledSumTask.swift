import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Sums and differences that are read character by character among letters that mean nothing, and answered digit by
/// digit: the arithmetic task of Jozefowicz et al. (2015), with smaller numbers.
/// ```
/// 3e6d-h1hg4=22.
/// ```
/// The score is the share of the answer's characters, its end among them, that are the likeliest in their places.
struct SpelledSumTask: NextCharacterTask {
  let name = "arithmetic"
  let units: Int
  let updates: Int
  /// The most digits of a number.
  let digits: Int

  func draw(using generator: inout SeededGenerator) -> (text: [UInt8], asked: [Bool]) {
    func number() -> Int {
      let count = Int.random(in: 1...digits, using: &generator)
      return (0..<count).reduce(0) { value, _ in
        10 * value + Int.random(in: 0...9, using: &generator)
      }
    }
    let (a, b) = (number(), number())
    let isSum = Bool.random(using: &generator)
    var text: [UInt8] = []
    for character in "\(a)\(isSum ? "+" : "-")\(b)".utf8 {
      text.append(character)
      if Int.random(in: 0..<3, using: &generator) == 0 {
        text.append(UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "h"), using: &generator))
      }
    }
    let answer = Array("\(isSum ? a + b : a - b).".utf8)
    text.append(UInt8(ascii: "="))
    return (
      text + answer, text.map { _ in false } + answer.map { _ in true }
    )
  }
}
