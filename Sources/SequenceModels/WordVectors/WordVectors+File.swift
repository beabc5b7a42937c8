import Autodiff
import LinAlg
internal import WholeFiles

extension WordVectors {
  /// The formats of the word2vec program.
  public enum FileFormat: String, Sendable, Hashable, CaseIterable {
    /// A line `V D`, then a line for each symbol: it and its `D` numbers, with a space between.
    case text
    /// A line `V D`, then for each symbol: it, a space, and its `D` numbers as single precision, little
    /// endian, with or without a line break behind them.
    case binary
  }

  /// The largest file that is read, in bytes.
  private static var largestFile: Int { 1 << 32 }

  /// Writes the vectors to a file, whole or not at all.
  ///
  /// Binary files hold single precision; numbers in text are read as what they were. Neither keeps counts.
  ///
  /// - Throws: ``WordVectorFileError`` where the file cannot be written, or the format has no way to write
  ///   what is there: a symbol that is empty or holds a space or a line break, a number that is not finite. A
  ///   file that was there before is then as it was.
  public func write(to path: String, as format: FileFormat) throws(WordVectorFileError) {
    for (i, symbol) in vocabulary.symbols.enumerated() {
      // As the readers of both formats cut: at spaces and line breaks.
      if symbol.isEmpty || symbol.utf8.contains(where: { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D }) {
        throw WordVectorFileError(
          path: path, place: nil,
          reason: "symbol \(i) is '\(symbol)', expected no space or line break, and not nothing")
      }
      // In a binary file it is single precision that has to hold it.
      if !vectors.row(i).allSatisfy({ (format == .text ? $0.isFinite : Float($0).isFinite) }) {
        throw WordVectorFileError(
          path: path, place: nil,
          reason: "the vector of '\(symbol)' has a number that is not finite")
      }
    }
    do {
      try WholeFile.write(to: path) { (file) throws(FileFailure) in
        var pending = Array("\(count) \(features)\n".utf8)
        for (i, symbol) in vocabulary.symbols.enumerated() {
          pending += symbol.utf8
          switch format {
          case .text:
            for value in vectors.row(i) { pending += " \(value)".utf8 }
          case .binary:
            pending.append(0x20)
            for value in vectors.row(i) {
              withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { pending += $0 }
            }
          }
          pending.append(0x0A)
          if pending.count > 1 << 16 || i == count - 1 {
            try pending.withUnsafeBufferPointer { (bytes) throws(FileFailure) in
              try file.append(UnsafeRawBufferPointer(bytes))
            }
            pending.removeAll(keepingCapacity: true)
          }
        }
      }
    } catch {
      throw WordVectorFileError(path: error.path, place: nil, reason: error.reason)
    }
  }

  /// Reads a file of the word2vec program, or of others that write its formats.
  ///
  /// Symbols at the beginning that are spelled as special ones, in their order, are those. Nothing is counted.
  ///
  /// - Throws: ``WordVectorFileError`` where the file cannot be read or is not whole: it names the place and
  ///   what was expected there. Nothing is allocated for what the file only promises.
  public init(contentsOf path: String, as format: FileFormat) throws(WordVectorFileError) {
    let bytes: [UInt8]
    do {
      bytes = try WholeFile.read(path, limit: Self.largestFile)
    } catch {
      throw WordVectorFileError(path: error.path, place: nil, reason: error.reason)
    }
    try self.init(bytes: bytes, as: format, named: path)
  }

  /// Reads the bytes of a file, such as one that was received or unpacked.
  ///
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - format: what they are in.
  ///   - name: what errors call the file.
  /// - Throws: ``WordVectorFileError``, as ``init(contentsOf:as:)``.
  public init(
    bytes: [UInt8], as format: FileFormat, named name: String
  ) throws(WordVectorFileError) {
    let result: Result<Self, WordVectorFileFlaw> = bytes.withUnsafeBufferPointer { bytes in
      do throws(WordVectorFileFlaw) {
        var reader = WordVectorReader<Scalar>(bytes)
        return .success(try reader.read(format))
      } catch {
        return .failure(error)
      }
    }
    do {
      self = try result.get()
    } catch {
      throw WordVectorFileError(path: name, place: error.place, reason: error.reason)
    }
  }
}

/// What is wrong in a file.
struct WordVectorFileFlaw: Error {
  var place: WordVectorFileError.Place
  var reason: String
}

/// Why word vectors could not be read or written.
public struct WordVectorFileError: Error, Hashable, CustomStringConvertible {
  /// Where in a file.
  public enum Place: Sendable, Hashable {
    /// A line, counted from one.
    case line(Int)
    /// A byte, counted from zero.
    case byte(Int)
  }

  /// The file.
  public var path: String
  /// Where in it; nil where it is the file as such.
  public var place: Place?
  /// What is wrong, and what was expected.
  public var reason: String

  /// One line: the file, the place and what was expected there.
  public var description: String {
    switch place {
    case .line(let line): "\(path):\(line): \(reason)"
    case .byte(let byte): "\(path): byte \(byte): \(reason)"
    case nil: "\(path): \(reason)"
    }
  }
}
