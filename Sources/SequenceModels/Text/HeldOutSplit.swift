import LinAlg

/// Texts divided into one part to train on and one to evaluate on, with no passage in both.
///
/// One passage of every document is held out, so that every document is represented. Texts of one
/// family quote each other (versions of a licence, say), and a model that has seen the quotation would
/// be tested on its memory. Therefore every run of ``sharedWords`` or more words of the training part
/// that also occurs in the held-out part is cut out of the training part. Words are compared without
/// case, spacing and punctuation, as in the decontamination of language-model corpora by n-grams
/// (Brown et al. 2020, who use 13 words).
public struct HeldOutSplit: Sendable {
  /// Where the held-out passage of a document stands.
  public enum Place: String, Sendable, Hashable, CaseIterable {
    /// At its end. The ends of documents can be of another kind than the rest: signatures, templates,
    /// appendices.
    case end
    /// Somewhere in it: further on by the golden section from one document to the next, so that the
    /// passages of all documents together come from all parts of a document.
    case spread
  }

  /// What to train on: all documents without their held-out passages, and without what those contain.
  public let training: String
  /// What to evaluate on: one passage of each document.
  public let heldOut: String
  /// How many words in a row the two parts may at most have in common, plus one.
  public let sharedWords: Int
  /// How many Unicode scalars were cut out of the training part because they are held out too.
  public let removedCount: Int

  /// Divides documents.
  ///
  /// - Parameters:
  ///   - documents: the texts, in order.
  ///   - fraction: how much of each document to hold out, in `0..<1`. Cuts move to the end of their
  ///     line.
  ///   - place: where in each document.
  ///   - sharedWords: the shortest run of common words that is removed; nil keeps all.
  public init(
    _ documents: [String], fraction: Double, at place: Place = .spread, sharedWords: Int? = 8
  ) {
    require(
      fraction >= 0 && fraction < 1, "HeldOutSplit: fraction \(fraction) is not in 0..<1")
    require(
      sharedWords ?? 1 > 0, "HeldOutSplit: a run of \(sharedWords ?? 0) words is none")
    var (training, heldOut) = ("", "")
    for (i, document) in documents.enumerated() {
      // Multiples of the golden section, modulo 1, fill [0, 1) evenly however many there are.
      let start =
        place == .end
        ? 1 : (Double(i + 1) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
      let passage = Self.lines(
        of: document, from: start * (1 - fraction), to: start * (1 - fraction) + fraction)
      training += document[..<passage.lowerBound] + document[passage.upperBound...]
      heldOut += document[passage]
    }
    let before = training.unicodeScalars.count
    if let sharedWords {
      let runs = Self.runs(of: sharedWords, in: heldOut)
      // Cutting brings words together that stood apart, which can make a common run once more.
      while let shorter = Self.removing(runs, of: sharedWords, from: training) {
        training = shorter
      }
    }
    self.training = training
    self.heldOut = heldOut
    self.sharedWords = sharedWords ?? .max
    removedCount = before - training.unicodeScalars.count
  }

  /// The given part of a document, its ends moved on to the ends of their lines.
  private static func lines(
    of document: String, from start: Double, to end: Double
  ) -> Range<String.Index> {
    let scalars = document.unicodeScalars
    func endOfLine(at fraction: Double) -> String.Index {
      let offset = Int((Double(scalars.count) * fraction).rounded())
      let place = scalars.index(scalars.startIndex, offsetBy: min(offset, scalars.count))
      if place == scalars.startIndex { return place }
      guard let newline = scalars[place...].firstIndex(of: "\n") else { return place }
      return scalars.index(after: newline)
    }
    return endOfLine(at: start)..<endOfLine(at: end)
  }

  /// The words of a text in lower case, and where they stand.
  private static func words(in text: String) -> [(word: String, place: Range<String.Index>)] {
    text.split { !$0.isLetter && !$0.isNumber }
      .map { ($0.lowercased(), $0.startIndex..<$0.endIndex) }
  }

  private static func runs(of length: Int, in text: String) -> Set<[String]> {
    let words = words(in: text).map(\.word)
    guard words.count >= length else { return [] }
    return Set((0...words.count - length).map { Array(words[$0..<$0 + length]) })
  }

  /// `text` without the words that belong to one of `runs`, or nil when it has none.
  private static func removing(
    _ runs: Set<[String]>, of length: Int, from text: String
  ) -> String? {
    let words = words(in: text)
    guard words.count >= length else { return nil }
    var result = ""
    var kept = text.startIndex
    var i = 0
    while i <= words.count - length {
      guard runs.contains(words[i..<i + length].map(\.word)) else {
        i += 1
        continue
      }
      var last = i + length - 1
      while last + 1 < words.count,
        runs.contains(words[last + 2 - length...last + 1].map(\.word))
      { last += 1 }
      result += text[kept..<words[i].place.lowerBound]
      kept = words[last].place.upperBound
      i = last + 1
    }
    if kept == text.startIndex { return nil }
    return result + text[kept...]
  }
}
