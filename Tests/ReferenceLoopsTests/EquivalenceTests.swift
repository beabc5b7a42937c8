import GoldenSupport
import Testing

@Suite("What must be equal is equal")
struct EquivalenceTests {
  let seed: UInt64 = 21

  /// The part of `[T, N, F]` data that belongs to the first `length` steps of sequence `n`.
  private func sequence(_ values: [Double], _ n: Int, length: Int, N: Int, F: Int) -> [Double] {
    (0..<length).flatMap { t -> ArraySlice<Double> in
      let start = (t * N + n) * F
      return values[start..<start + F]
    }
  }

  private func upstream(_ cell: GoldenCell, _ e: Extents) -> Upstream<Double> {
    var rng = SplitMix(seed: seed + 1)
    return Upstream(
      dOutputs: rng.uniform(e.T * e.N * e.H), dFinalHidden: rng.uniform(e.N * e.H),
      dFinalCell: cell == .lstm ? rng.uniform(e.N * e.H) : nil)
  }

  @Test(arguments: GoldenCell.allCases, [[5, 5, 5, 5], [3, 0, 5, 1], [0, 0, 0, 0]])
  func eachSequenceIsAsItWouldBeAlone(cell: GoldenCell, lengths: [Int]) throws {
    let e = Extents(5, 4, 3, 2)
    let variables = cell.randomVariables(e, seed: seed)
    let upstream = upstream(cell, e)
    let together = cell.run(variables, e, lengths: lengths)
    let gradients = cell.gradients(variables, e, lengths: lengths, upstream: upstream)

    var summed = Variables<Double>()
    var magnitudes = Variables<Double>()
    for (n, length) in lengths.enumerated() {
      func row(_ values: [Double]) -> [Double] { Array(values[n * e.H..<(n + 1) * e.H]) }
      let alone = Extents(length, 1, e.D, e.H)
      var own = variables
      own["x"] = sequence(variables["x", default: []], n, length: length, N: e.N, F: e.D)
      own["initialHidden"] = row(variables["initialHidden", default: []])
      own["initialCell"] = variables["initialCell"].map(row)
      let ownUpstream = Upstream(
        dOutputs: upstream.dOutputs.map { sequence($0, n, length: length, N: e.N, F: e.H) },
        dFinalHidden: upstream.dFinalHidden.map(row), dFinalCell: upstream.dFinalCell.map(row))
      let results = cell.run(own, alone)
      let d = cell.gradients(own, alone, upstream: ownUpstream)

      let padding = [Double](repeating: 0, count: (e.T - length) * e.H)
      #expect(
        sequence(together.outputs, n, length: e.T, N: e.N, F: e.H) == results.outputs + padding)
      #expect(row(together.finalHidden) == results.finalHidden)
      #expect(
        sequence(gradients["x", default: []], n, length: e.T, N: e.N, F: e.D)
          == d["x", default: []] + [Double](repeating: 0, count: (e.T - length) * e.D))
      #expect(row(gradients["initialHidden", default: []]) == d["initialHidden"])
      if cell == .lstm {
        #expect(row(together.finalCell) == results.finalCell)
        #expect(row(gradients["initialCell", default: []]) == d["initialCell"])
      }
      for (name, values) in d where name != "x" && !name.hasPrefix("initial") {
        let zeros = [Double](repeating: 0, count: values.count)
        summed[name] = zip(summed[name] ?? zeros, values).map { $0 + $1 }
        magnitudes[name] = zip(magnitudes[name] ?? zeros, values).map { $0 + $1.magnitude }
      }
    }
    for (name, values) in summed {
      // Only the order of at most T·N additions differs.
      let terms = magnitudes[name, default: []].max() ?? 0
      let found = distance(gradients[name, default: []], values, terms: terms)
      #expect(found <= Double(e.T * e.N), "d\(name), seed \(seed)")
    }
  }

  @Test(arguments: GoldenCell.allCases)
  func paddingIsNeverRead(cell: GoldenCell) {
    let e = Extents(4, 3, 2, 3)
    let lengths = [2, 4, 0]
    let variables = cell.randomVariables(e, seed: seed)
    let upstream = upstream(cell, e)
    var poisoned = variables
    var poisonedUpstream = upstream
    for n in 0..<e.N {
      for t in lengths[n]..<e.T {
        for k in 0..<e.D { poisoned["x"]?[(t * e.N + n) * e.D + k] = .nan }
        for u in 0..<e.H { poisonedUpstream.dOutputs?[(t * e.N + n) * e.H + u] = .nan }
      }
    }
    let results = cell.run(poisoned, e, lengths: lengths)
    let expected = cell.run(variables, e, lengths: lengths)
    #expect(results.outputs == expected.outputs)
    #expect(results.finalHidden == expected.finalHidden)
    #expect(results.finalCell == expected.finalCell)
    #expect(
      cell.gradients(poisoned, e, lengths: lengths, upstream: poisonedUpstream)
        == cell.gradients(variables, e, lengths: lengths, upstream: upstream))
  }

  @Test(arguments: GoldenCell.allCases)
  func nilIsZerosAndAllSteps(cell: GoldenCell) {
    let e = Extents(4, 3, 2, 3)
    let zeros = [Double](repeating: 0, count: e.N * e.H)
    var implicit = cell.randomVariables(e, seed: seed)
    implicit["initialHidden"] = nil
    implicit["initialCell"] = nil
    var explicit = implicit
    explicit["initialHidden"] = zeros
    if cell == .lstm { explicit["initialCell"] = zeros }

    let a = cell.run(implicit, e)
    let b = cell.run(explicit, e, lengths: [e.T, e.T, e.T])
    #expect(a.outputs == b.outputs)
    #expect(a.finalHidden == b.finalHidden)
    #expect(a.finalCell == b.finalCell)

    let dOutputs = upstream(cell, e).dOutputs
    let allGiven = Upstream(
      dOutputs: dOutputs, dFinalHidden: zeros, dFinalCell: cell == .lstm ? zeros : nil)
    #expect(
      cell.gradients(implicit, e, upstream: Upstream(dOutputs: dOutputs))
        == cell.gradients(explicit, e, lengths: [e.T, e.T, e.T], upstream: allGiven))
    let final = Upstream<Double>(dFinalHidden: upstream(cell, e).dFinalHidden)
    var finalAndZeros = final
    finalAndZeros.dOutputs = [Double](repeating: 0, count: e.T * e.N * e.H)
    #expect(
      cell.gradients(explicit, e, upstream: final)
        == cell.gradients(explicit, e, upstream: finalAndZeros))
  }

  @Test(arguments: GoldenCell.allCases)
  func oneCallIsItsStepsOneByOne(cell: GoldenCell) {
    let e = Extents(4, 3, 2, 3)
    let one = Extents(1, e.N, e.D, e.H)
    let variables = cell.randomVariables(e, seed: seed)
    let upstream = upstream(cell, e)
    func slice(_ values: [Double], _ t: Int, _ F: Int) -> [Double] {
      Array(values[t * e.N * F..<(t + 1) * e.N * F])
    }

    var steps: [Variables<Double>] = []
    var state = variables
    var outputs: [Double] = []
    for t in 0..<e.T {
      state["x"] = slice(variables["x", default: []], t, e.D)
      steps.append(state)
      let results = cell.run(state, one)
      outputs += results.outputs
      state["initialHidden"] = results.finalHidden
      if cell == .lstm { state["initialCell"] = results.finalCell }
    }
    let whole = cell.run(variables, e)
    #expect(outputs == whole.outputs)
    #expect(state["initialHidden"] == whole.finalHidden)
    #expect((state["initialCell"] ?? []) == whole.finalCell)

    var carried = upstream
    var dx: [Double] = []
    for t in (0..<e.T).reversed() {
      carried.dOutputs = upstream.dOutputs.map { slice($0, t, e.H) }
      let d = cell.gradients(steps[t], one, upstream: carried)
      dx = d["x", default: []] + dx
      carried.dFinalHidden = d["initialHidden"]
      carried.dFinalCell = d["initialCell"]
    }
    let d = cell.gradients(variables, e, upstream: upstream)
    #expect(dx == d["x"])
    #expect(carried.dFinalHidden == d["initialHidden"])
    #expect(carried.dFinalCell == d["initialCell"])
  }

  @Test(arguments: GoldenCell.allCases)
  func noStepsKeepTheState(cell: GoldenCell) {
    let e = Extents(0, 2, 3, 4)
    let variables = cell.randomVariables(e, seed: seed)
    let upstream = upstream(cell, e)
    let results = cell.run(variables, e)
    #expect(results.outputs.isEmpty)
    #expect(results.finalHidden == variables["initialHidden"])
    #expect(results.finalCell == variables["initialCell", default: []])
    let d = cell.gradients(variables, e, upstream: upstream)
    #expect(d["initialHidden"] == upstream.dFinalHidden)
    #expect(d["initialCell"] == upstream.dFinalCell)
    #expect(d["W"]?.allSatisfy { $0 == 0 } == true)
  }

  @Test(arguments: GoldenCell.allCases)
  func notANumberReachesTheOutput(cell: GoldenCell) {
    let e = Extents(2, 2, 2, 3)
    var variables = cell.randomVariables(e, seed: seed)
    variables["x"]?[0] = .nan
    let outputs = cell.run(variables, e).outputs
    for (index, output) in outputs.enumerated() {
      let n = index / e.H % e.N
      #expect(output.isNaN == (n == 0))
    }
  }

  @Test(arguments: [GoldenCell.rnnTanh, .lstm, .gruResetAfter, .gruResetBefore])
  func hugeInputsSaturate(cell: GoldenCell) {
    let e = Extents(2, 2, 2, 3)
    var variables = cell.randomVariables(e, seed: seed)
    variables["x"] = variables["x", default: []].map { $0 * 1e300 }
    let outputs = cell.run(variables, e).outputs
    #expect(outputs.allSatisfy { $0.magnitude <= 1 })
  }
}
