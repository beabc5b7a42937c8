import LinAlg
import SequenceModels

/// Reads bytes in the format and precision that the first of them chooses: a vocabulary and finite vectors come of
/// it, or a typed error.
func readWordVectors(_ data: UnsafeBufferPointer<UInt8>) {
  guard let first = data.first else { return }
  let bytes = Array(data.dropFirst())
  if first & 2 == 0 {
    read(bytes, first & 1 == 0 ? .text : .binary, Float.self)
  } else {
    read(bytes, first & 1 == 0 ? .text : .binary, Double.self)
  }
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
