/// The size of a recurrent layer's work: steps, batch, input features, hidden units.
///
/// Written as `T50xN32xD256xH256`, in this order, with all four parts.
struct Shape: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The number of steps.
  var T: Int
  /// The number of sequences in the batch.
  var N: Int
  /// The number of input features.
  var D: Int
  /// The number of hidden units.
  var H: Int

  /// The largest value of one part: keeps every product of sizes far inside 64-bit integers.
  static let largestPart = 1 << 20

  init(T: Int, N: Int, D: Int, H: Int) {
    self.T = T
    self.N = N
    self.D = D
    self.H = H
  }

  /// Reads `T50xN32xD256xH256`; capitals do not matter. Throws ``ParseError`` with the reason.
  init(parsing text: some StringProtocol) throws(ParseError) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let letters: [Character] = ["T", "N", "D", "H"]
    guard parts.count == letters.count else {
      throw ParseError(reason: "shape '\(text)' is not of the form T50xN32xD256xH256")
    }
    var values: [Int] = []
    for (part, letter) in zip(parts, letters) {
      guard let first = part.first, first == letter || first.uppercased() == String(letter) else {
        throw ParseError(
          reason: "shape '\(text)': expected \(letter) and a number where '\(part)' stands")
      }
      let digits = part.dropFirst()
      guard digits.allSatisfy(\.isASCIIDigit), let value = Int(digits), value > 0,
        value <= Self.largestPart
      else {
        throw ParseError(
          reason: "shape '\(text)': \(letter) must be a number from 1 to \(Self.largestPart)")
      }
      values.append(value)
    }
    self.init(T: values[0], N: values[1], D: values[2], H: values[3])
  }

  var description: String { "T\(T)xN\(N)xD\(D)xH\(H)" }

  /// The shape as reports print it, with spaces.
  var spaced: String { "T\(T) N\(N) D\(D) H\(H)" }
}

/// Why a piece of text could not be read.
struct ParseError: Error, Equatable {
  var reason: String
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
