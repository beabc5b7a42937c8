import Autodiff
import LinAlg

/// Reads the formats of the word2vec program from bytes that anybody may have made.
///
/// The header's counts are held against the number of bytes that are there before memory is taken for them.
struct WordVectorReader<Scalar: LinAlgScalar> {
  typealias Flaw = WordVectorFileFlaw

  private let bytes: UnsafeBufferPointer<UInt8>
  /// The byte that is read next.
  private var next = 0
  private var symbols: [String] = []
  /// Where each symbol stands.
  private var places: [ExactText: WordVectorFileError.Place] = [:]

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func read(
    _ format: WordVectors<Scalar>.FileFormat
  ) throws(Flaw) -> WordVectors<Scalar> {
    let (V, D) = try readHeader(format)
    symbols.reserveCapacity(V)
    places.reserveCapacity(V)
    var matrix = Matrix<Scalar>(uninitializedRows: V, columns: D)
    try matrix.withUnsafeMutableBufferPointer { (all) throws(Flaw) in
      for i in 0..<V {
        let row = UnsafeMutableBufferPointer(rebasing: all[i * D..<(i + 1) * D])
        switch format {
        case .text: try readLine(i + 2, of: V, into: row)
        case .binary: try readEntry(i, of: V, into: row)
        }
      }
    }
    if format == .binary, next < bytes.count, bytes[next] == Self.lineBreak { next += 1 }
    guard next == bytes.count else {
      throw Flaw(
        place: format == .text ? .line(V + 2) : .byte(next),
        reason: "expected the end of the file behind \(V) symbols")
    }
    let special = leadingSpecials
    return WordVectors(
      vocabulary: Vocabulary(
        special: special, symbols: Array(symbols.dropFirst(special.count)),
        counts: Array(repeating: 0, count: V)),
      vectors: matrix)
  }

  private static var lineBreak: UInt8 { 0x0A }
  private static var space: UInt8 { 0x20 }

  /// Where a byte is from `next` on, up to the end of the file.
  private func find(_ byte: UInt8, before end: Int) -> Int? {
    bytes[next..<end].firstIndex(of: byte)
  }

  private mutating func readHeader(
    _ format: WordVectors<Scalar>.FileFormat
  ) throws(Flaw) -> (V: Int, D: Int) {
    let wanted = "expected the number of symbols, a space and the number of features"
    guard let end = find(Self.lineBreak, before: min(bytes.count, 64)) else {
      throw Flaw(place: .line(1), reason: "\(wanted), found no line break in the first bytes")
    }
    let line = String(decoding: bytes[..<end], as: UTF8.self)
    let fields = line.split(separator: " ", omittingEmptySubsequences: false)
    guard fields.count == 2, let V = Self.number(fields[0]), let D = Self.number(fields[1]),
      V > 0 && D > 0 && V <= Int(Token.max)
    else { throw Flaw(place: .line(1), reason: "\(wanted), found '\(line)'") }
    next = end + 1
    // The shortest that a symbol with its numbers can be: one letter, and for each number a space and a
    // digit, or four bytes.
    let (numbers, overflow) = D.multipliedReportingOverflow(by: format == .text ? 2 : 4)
    let (least, tooLarge) = V.multipliedReportingOverflow(
      by: overflow ? .max : numbers &+ (format == .text ? 2 : 2))
    guard !overflow && !tooLarge && numbers < .max - 2 && least <= bytes.count - next else {
      throw Flaw(
        place: .line(1),
        reason: """
          \(V) symbols of \(D) features do not fit the \(bytes.count - next) bytes behind this line, \
          expected a whole file
          """)
    }
    return (V, D)
  }

  /// A whole number of digits alone: `Int` takes a sign, too.
  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }

  /// Takes the bytes up to `end` as a symbol.
  private mutating func takeSymbol(
    upTo end: Int, at place: WordVectorFileError.Place
  ) throws(Flaw) {
    guard end > next else { throw Flaw(place: place, reason: "expected a symbol, found none") }
    guard let symbol = String(validating: bytes[next..<end], as: UTF8.self) else {
      throw Flaw(place: place, reason: "expected a symbol as UTF-8 text")
    }
    if let earlier = places.updateValue(place, forKey: ExactText(symbol)) {
      let where_ =
        switch earlier {
        case .line(let line): "line \(line)"
        case .byte(let byte): "byte \(byte)"
        }
      throw Flaw(
        place: place, reason: "symbol '\(symbol)' stands at \(where_), too; expected it once")
    }
    symbols.append(symbol)
  }

  private mutating func readLine(
    _ line: Int, of V: Int, into row: UnsafeMutableBufferPointer<Scalar>
  ) throws(Flaw) {
    guard let end = find(Self.lineBreak, before: bytes.count) else {
      throw Flaw(
        place: .line(line),
        reason: next == bytes.count
          ? "expected \(V) symbols, found \(line - 2)"
          : "the line does not end, expected a whole file")
    }
    let wanted = "expected a symbol and \(row.count) numbers with a space before each"
    guard let space = find(Self.space, before: end) else {
      throw Flaw(place: .line(line), reason: "\(wanted), found no space")
    }
    try takeSymbol(upTo: space, at: .line(line))
    next = space
    for j in row.indices {
      guard next < end, bytes[next] == Self.space else {
        throw Flaw(place: .line(line), reason: "\(wanted), found \(j) numbers")
      }
      next += 1
      let stop = find(Self.space, before: end) ?? end
      guard let value = Self.value(bytes[next..<stop]) else {
        throw Flaw(
          place: .line(line),
          reason: "expected number \(j + 1), found '"
            + "\(String(decoding: bytes[next..<stop].prefix(40), as: UTF8.self))'")
      }
      row[j] = value
      next = stop
    }
    // The word2vec program puts a space behind each number.
    if next < end, bytes[next] == Self.space { next += 1 }
    guard next == end else {
      throw Flaw(place: .line(line), reason: "\(wanted), found more")
    }
    next = end + 1
  }

  /// A finite decimal number; what `Float` reads besides (`nan`, `inf`, hexadecimal) is none.
  private static func value(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Scalar? {
    let isDecimal = digits.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    // Longer than any that a program writes; the time to read one grows with its length.
    guard isDecimal && digits.count <= 400 else { return nil }
    let text = String(decoding: digits, as: UTF8.self)
    let value: Scalar? =
      if Scalar.self == Float.self { Float(text).map(Scalar.init) } else {
        Double(text).map(Scalar.init)
      }
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  private mutating func readEntry(
    _ i: Int, of V: Int, into row: UnsafeMutableBufferPointer<Scalar>
  ) throws(Flaw) {
    if i > 0, next < bytes.count, bytes[next] == Self.lineBreak { next += 1 }
    let start = next
    guard let space = find(Self.space, before: bytes.count) else {
      throw Flaw(
        place: .byte(start), reason: "expected symbol \(i + 1) of \(V) and a space, found neither")
    }
    if bytes[next..<space].contains(Self.lineBreak) {
      throw Flaw(place: .byte(start), reason: "expected a symbol, found a line break in it")
    }
    try takeSymbol(upTo: space, at: .byte(start))
    next = space + 1
    guard bytes.count - next >= 4 * row.count else {
      throw Flaw(
        place: .byte(next),
        reason: "expected \(row.count) numbers of four bytes, found \(bytes.count - next) bytes")
    }
    for j in row.indices {
      let word = UnsafeRawBufferPointer(bytes).loadUnaligned(
        fromByteOffset: next, as: UInt32.self)
      let value = Float(bitPattern: UInt32(littleEndian: word))
      guard value.isFinite else {
        throw Flaw(place: .byte(next), reason: "expected a finite number, found \(value)")
      }
      row[j] = Scalar(value)
      next += 4
    }
  }

  /// The symbols at the beginning that are spelled as special ones, in their order.
  private var leadingSpecials: [Vocabulary.Special] {
    var found: [Vocabulary.Special] = []
    var rest = Vocabulary.Special.allCases[...]
    for symbol in symbols {
      guard let index = rest.firstIndex(where: { ExactText($0.rawValue) == ExactText(symbol) })
      else { break }
      found.append(rest[index])
      rest = rest[(index + 1)...]
    }
    return found
  }
}
