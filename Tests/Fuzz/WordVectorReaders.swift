// What libFuzzer calls with bytes of its own making; see Tools/fuzz-readers.sh. Not part of the package.
import LinAlg
import SequenceModels

/// Reads bytes in the format and precision that the first of them chooses: a vocabulary and finite vectors come of
/// it, or a typed error.
@_cdecl("LLVMFuzzerTestOneInput")
public func readWordVectors(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard count > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
  if data[0] & 2 == 0 {
    read(bytes, data[0] & 1 == 0 ? .text : .binary, Float.self)
  } else {
    read(bytes, data[0] & 1 == 0 ? .text : .binary, Double.self)
  }
  return 0
}

private func read<Scalar: LinAlgScalar>(
  _ bytes: [UInt8], _ format: WordVectors<Float>.FileFormat, _: Scalar.Type
) {
  do {
    let vectors = try WordVectors<Scalar>(
      bytes: bytes, as: format == .text ? .text : .binary, named: "fuzz")
    precondition(vectors.vocabulary.count == vectors.vectors.rows)
    precondition(vectors.vectors.elements.allSatisfy { $0.isFinite })
    for (token, symbol) in vectors.vocabulary.symbols.enumerated() {
      precondition(vectors.vocabulary.token(of: symbol).map { Int($0) } == token)
    }
    _ = WordNeighbors(vectors).nearest(to: [0], count: 3)
  } catch {
    precondition(error.path == "fuzz" && !error.reason.isEmpty)
  }
}
