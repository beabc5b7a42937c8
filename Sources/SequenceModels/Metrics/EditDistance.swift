/// The least number of symbols to insert, delete or replace that turns `a` into `b`: the distance of
/// Levenshtein (1966), by the recurrence of Wagner & Fischer (1974).
///
/// ```
/// d(i, 0) = i      d(0, j) = j
/// d(i, j) = min(d(i−1, j) + 1, d(i, j−1) + 1, d(i−1, j−1) + [aᵢ ≠ bⱼ])
/// ```
///
/// - Complexity: the product of the lengths in time, the length of `b` in memory.
public func editDistance<Symbol: Equatable>(
  _ a: some Collection<Symbol>, _ b: some Collection<Symbol>
) -> Int {
  let b = Array(b)
  // d(i, …), of which d(i − 1, …) is still there behind `j`.
  var row = Array(0...b.count)
  for symbol in a {
    var diagonal = row[0]
    row[0] += 1
    for j in b.indices {
      let replaced = diagonal + (symbol == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(diagonal + 1, row[j] + 1, replaced)
    }
  }
  return row[b.count]
}

/// How many symbols must be changed for each symbol of the references: word error rate over words, character
/// error rate over characters.
///
/// ```
/// error rate = Σ editDistance(outputₙ, referenceₙ) / Σ |referenceₙ|
/// ```
/// It can be more than 1: outputs can be longer than their references.
public struct ErrorRate: Sendable, Hashable {
  /// How many symbols must be inserted, deleted or replaced.
  public var edits: Int
  /// The length of all references.
  public var length: Int

  /// `edits` in references of `length` symbols.
  public init(edits: Int = 0, length: Int = 0) {
    self.edits = edits
    self.length = length
  }

  /// Counts an output.
  public mutating func add<Symbol: Equatable>(
    _ output: some Collection<Symbol>, reference: some Collection<Symbol>
  ) {
    edits += editDistance(output, reference)
    length += reference.count
  }

  /// Edits for each symbol; infinite, or not a number without edits, where all references are empty.
  public var value: Double { Double(edits) / Double(length) }

  /// The outputs of both.
  public static func + (a: ErrorRate, b: ErrorRate) -> ErrorRate {
    ErrorRate(edits: a.edits + b.edits, length: a.length + b.length)
  }

  /// Adds the outputs of `b`.
  public static func += (a: inout ErrorRate, b: ErrorRate) { a = a + b }
}
