extension GoldenCase {
  /// Takes a case over from its file; checks that it has its arrays, all of them, and no others.
  init(_ raw: RawGoldenFile.Case, file: String) throws(GoldenFileError) {
    func fail(_ place: String, _ expectation: String) -> GoldenFileError {
      GoldenFileError(file: file, place: "\(raw.name), \(place)", expectation: expectation)
    }
    let (T, N, D, H) = (raw.steps, raw.batch, raw.inputSize, raw.hiddenSize)
    guard min(T, N, D, H) >= 1, max(T, N, D, H) <= 1000 else {
      throw fail("extents", "1...1000")
    }
    let P = raw.projectionSize ?? H
    guard (1...H).contains(P) else { throw fail("projectionSize", "1...\(H)") }
    if let lengths = raw.lengths {
      guard lengths.count == N else { throw fail("lengths", "\(N) lengths") }
      guard lengths.allSatisfy({ (0...T).contains($0) }) else { throw fail("lengths", "0...\(T)") }
    }

    var unread = Set(raw.arrays.keys)
    func optional(_ name: String, _ shape: Int...) throws(GoldenFileError) -> [Double]? {
      guard let array = raw.arrays[name] else { return nil }
      unread.remove(name)
      let count = shape.reduce(1, *)
      guard array.shape == shape else { throw fail("\(name).shape", "\(shape)") }
      guard array.values.count == count else { throw fail("\(name).values", "\(count) values") }
      return array.values
    }
    func required(_ name: String, _ array: [Double]?) throws(GoldenFileError) -> [Double] {
      guard let array else { throw fail(name, "an array of this name") }
      return array
    }

    let rows = raw.cell.gates * H
    name = raw.name
    cell = raw.cell
    source = raw.source
    precision = raw.precision
    seed = raw.seed
    (steps, batch, inputSize, hiddenSize) = (T, N, D, H)
    projectionSize = raw.projectionSize
    lengths = raw.lengths

    x = try required("x", optional("x", T, N, D))
    W = try required("W", optional("W", rows, D))
    U = try required("U", optional("U", rows, P))
    b = try required("b", optional("b", rows))
    initialHidden = try required("initialHidden", optional("initialHidden", N, P))
    outputs = try required("outputs", optional("outputs", T, N, P))
    finalHidden = try required("finalHidden", optional("finalHidden", N, P))
    dx = try required("dx", optional("dx", T, N, D))
    dW = try required("dW", optional("dW", rows, D))
    dU = try required("dU", optional("dU", rows, P))
    db = try required("db", optional("db", rows))
    dInitialHidden = try required("dInitialHidden", optional("dInitialHidden", N, P))

    dOutputs = try optional("dOutputs", T, N, P)
    dFinalHidden = try optional("dFinalHidden", N, P)
    if raw.cell == .gruResetAfter {
      recurrentBias = try required("recurrentBias", optional("recurrentBias", H))
      dRecurrentBias = try required("dRecurrentBias", optional("dRecurrentBias", H))
    }
    if raw.projectionSize != nil {
      Wp = try required("Wp", optional("Wp", P, H))
      dWp = try required("dWp", optional("dWp", P, H))
    }
    if raw.cell == .lstm {
      initialCell = try required("initialCell", optional("initialCell", N, H))
      finalCell = try required("finalCell", optional("finalCell", N, H))
      dInitialCell = try required("dInitialCell", optional("dInitialCell", N, H))
      dFinalCell = try optional("dFinalCell", N, H)
    }
    if let name = unread.min() {
      throw fail(name, "no array of this name")
    }
    guard dOutputs != nil || dFinalHidden != nil || dFinalCell != nil else {
      throw fail("upstream gradients", "at least one of dOutputs, dFinalHidden and dFinalCell")
    }
  }
}
