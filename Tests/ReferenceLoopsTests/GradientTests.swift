import GoldenSupport
import Testing

@Suite("Gradients agree with central differences")
struct GradientTests {
  /// Extents with the lengths to try: all steps, unsorted with zeros, and nothing at all.
  static let runs: [(extents: Extents, lengths: [Int]?)] = [
    (Extents(1, 1, 1, 1), nil),
    (Extents(4, 3, 2, 5), nil),
    (Extents(5, 3, 4, 2), [3, 0, 5]),
    (Extents(3, 4, 3, 2), [0, 1, 0, 2]),
    (Extents(2, 2, 2, 3), [0, 0]),
  ]

  @Test(arguments: GoldenCell.allCases, runs.indices)
  func everyGradient(cell: GoldenCell, run: Int) {
    let (extents, lengths) = Self.runs[run]
    let seed: UInt64 = 11
    let variables = cell.randomVariables(extents, seed: seed)
    let results = cell.run(variables, extents, lengths: lengths)
    for kind in Loss.Kind.allCases {
      let loss = Loss(kind, cell, extents, seed: seed)
      let gradients = cell.gradients(
        variables, extents, lengths: lengths, upstream: loss.upstream(results))
      let check = GradientCheck(
        cell: cell, extents: extents, lengths: lengths, loss: loss, variables: variables)
      for finding in check.findings(gradients) {
        let place = "\(cell) \(extents) \(loss) d\(finding.variable), seed \(seed)"
        #expect(!finding.crossesKink, "\(place): take another seed")
        #expect(finding.error < GradientCheck.tolerance, "\(place)")
      }
    }
  }

  /// Errors of the kinds that backward passes have had, each small or hidden.
  enum Plant: CaseIterable {
    case tooLargeByAHundredThousandth, missingElement, transposed, negated, paddingCounted
    case finalStateDropped
  }

  @Test(arguments: GoldenCell.allCases, Plant.allCases)
  func aPlantedErrorIsFound(cell: GoldenCell, plant: Plant) {
    let extents = Extents(4, 3, 2, 5)
    let lengths = [2, 0, 4]
    let seed: UInt64 = 12
    let variables = cell.randomVariables(extents, seed: seed)
    let results = cell.run(variables, extents, lengths: lengths)
    let loss = Loss(.everything, cell, extents, seed: seed)
    let check = GradientCheck(
      cell: cell, extents: extents, lengths: lengths, loss: loss, variables: variables)
    let sound = cell.gradients(
      variables, extents, lengths: lengths, upstream: loss.upstream(results))

    func wrong(_ gradients: Variables<Double>) -> [String] {
      check.findings(gradients).filter { !($0.error < GradientCheck.tolerance) }.map(\.variable)
    }

    switch plant {
    case .tooLargeByAHundredThousandth, .missingElement:
      for name in variables.keys {
        var gradients = sound
        let values = sound[name, default: []]
        let largest = values.indices.max { values[$0].magnitude < values[$1].magnitude } ?? 0
        gradients[name]?[largest] *= plant == .missingElement ? 0 : 1 + 1e-5
        #expect(wrong(gradients) == [name], "seed \(seed)")
      }
    case .transposed:
      var gradients = sound
      let (rows, columns) = (cell.gates * extents.H, extents.H)
      gradients["U"] = (0..<rows * columns).map { k in
        sound["U", default: []][k % rows * columns + k / rows]
      }
      #expect(wrong(gradients) == ["U"], "seed \(seed)")
    case .negated:
      var gradients = sound
      gradients["initialHidden"] = sound["initialHidden", default: []].map { -$0 }
      #expect(wrong(gradients) == ["initialHidden"], "seed \(seed)")
    case .paddingCounted:
      let gradients = cell.gradients(variables, extents, upstream: loss.upstream(results))
      #expect(wrong(gradients) == variables.keys.sorted(), "seed \(seed)")
    case .finalStateDropped:
      let upstream = Upstream(dOutputs: loss.upstream(results).dOutputs)
      let gradients = cell.gradients(variables, extents, lengths: lengths, upstream: upstream)
      #expect(wrong(gradients) == variables.keys.sorted(), "seed \(seed)")
    }
  }
}
