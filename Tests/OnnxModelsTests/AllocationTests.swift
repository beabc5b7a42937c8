import CAllocationCounter
import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct AllocationTests {
  #if DEBUG
    /// Unoptimised code allocates closures and iterators; a node without its plan makes more than that.
    private static let forEachNode = 5
  #else
    private static let forEachNode = 0
  #endif

  /// A tensor is an object and its memory, and the results are a dictionary. Shapes, plans and values
  /// between nodes are those of the run before.
  @Test(
    .enabled(if: allocation_counter_is_available()), arguments: GoldenTests.cases("models"))
  func aSecondRunAllocatesItsOutputsAlone(_ one: OnnxCase) throws {
    // The first model is for what the process allocates once, such as the metadata of types.
    for isMeasured in [false, true] {
      let model = try OnnxModel(bytes: one.model)
      var given: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() {
        given[input.name] = try OnnxTensor(serialized: #require(one.inputs[i]))
      }
      func count() throws -> Int {
        let before = allocation_counter_thread_value()
        _ = try model.run(given, threads: 1)
        return Int(allocation_counter_thread_value() - before)
      }
      let counts = [try count(), try count(), try count()]
      guard isMeasured else { continue }
      let allowed = 2 * model.outputs.count + 1 + Self.forEachNode * model.stepCount
      #expect(
        counts[1] <= allowed && counts[2] <= allowed,
        "\(counts) allocations, allowed \(allowed) for \(model.stepCount) nodes")
      model.freeBuffers()
      #expect(try count() > counts[1])
    }
  }

  /// Rounds of graphs of nodes allocate nothing, however many there are.
  @Test(.enabled(if: allocation_counter_is_available()), arguments: ["Scan", "Loop"])
  func roundsAllocateNothing(_ type: String) throws {
    let model = try LoopTests.sums(type).model()
    var counts: [Int] = []
    for rounds in [4, 4, 4, 40, 40, 40] {
      let given = LoopTests.given(type, rounds: rounds)
      let before = allocation_counter_thread_value()
      _ = try model.run(given, threads: 1)
      counts.append(Int(allocation_counter_thread_value() - before))
    }
    // The sums and the last of them; in debug builds also what unoptimised code does in each round.
    let allowed = 2 * 2 + 1 + Self.forEachNode * 4
    #expect(counts[2] <= allowed + 4 * 2 * Self.forEachNode, "\(counts)")
    #expect(counts[5] <= allowed + 40 * 2 * Self.forEachNode, "\(counts)")
  }
}
