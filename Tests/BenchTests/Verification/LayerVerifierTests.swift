import Testing

@testable import Bench

/// The gate's layers that are no plain cells: each is right, and one wrong number of any tensor is found.
struct LayerVerifierTests {
  private func item(_ layer: LayerKind, _ mode: Mode = .training) -> LayerCase {
    LayerCase(layer: layer, mode: mode, shape: Shape(T: 4, N: 5, D: 6, H: 7))
  }

  @Test(arguments: LayerKind.allCases, Mode.allCases)
  func everyLayerIsRight(_ layer: LayerKind, _ mode: Mode) throws {
    for threads in [1, 2] {
      let outcome = try LayerVerifier(item(layer, mode), threads: threads).verify()
      #expect(outcome.maxError > 0, "\(layer) is compared with itself")
    }
  }

  /// A few sequences over all steps or some; the layer runs at the full batch.
  @Test(arguments: LayerKind.allCases, [1e4, 1e3])
  func aPartOfALargeRowIsEnough(_ layer: LayerKind, _ flops: Double) throws {
    let verifier = LayerVerifier(item(layer), threads: 1, flops: flops)
    _ = try verifier.verify { #expect($0.batch < 5 && $0.steps >= 3) }
    #expect(throws: BenchError.self) {
      _ = try verifier.verify { $0.plant(relativeError: 1e-4) }
    }
  }

  @Test(arguments: LayerKind.allCases, Mode.allCases)
  func aWrongOutputIsFound(_ layer: LayerKind, _ mode: Mode) throws {
    let item = item(layer, mode)
    let error = #expect(throws: BenchError.self) {
      _ = try LayerVerifier(item, threads: 1).verify { $0.plant(relativeError: 1e-4) }
    }
    let message = try #require(error).message
    #expect(error?.code == .failure)
    #expect(message.hasPrefix("wrong answer: \(item): outputs differs from "), "\(message)")
  }

  @Test(arguments: LayerKind.allCases)
  func oneWrongElementOfAnyGradientIsFoundAndNamed(_ layer: LayerKind) throws {
    let verifier = LayerVerifier(item(layer), threads: 1)
    var names: [String] = []
    _ = try verifier.verify { names = $0.gradients.keys.sorted() }
    #expect(names.count >= 3 && names.allSatisfy { $0.hasPrefix("d") }, "\(names)")
    for name in names + ["dx"] {
      func change(_ results: inout Results, _ element: (inout Double) -> Void) {
        var elements = (name == "dx" ? results.tensors[.dx] : results.gradients[name]) ?? []
        let largest = elements.indices.max { abs(elements[$0]) < abs(elements[$1]) }
        if let largest { element(&elements[largest]) }
        if name == "dx" {
          results.tensors[.dx] = elements
        } else {
          results.gradients[name] = elements
        }
      }
      for wrong in [{ $0 * (1 + 1e-4) }, { _ in Double.nan }] as [(Double) -> Double] {
        let error = #expect(throws: BenchError.self, "\(name)") {
          _ = try verifier.verify { change(&$0) { $0 = wrong($0) } }
        }
        #expect(
          error?.message.contains(": \(name) differs from ") == true, "\(error?.message ?? "")")
      }
    }
    #expect(throws: BenchError.self) { _ = try verifier.verify { $0.gradients[names[0]] = nil } }
    #expect(throws: BenchError.self) { _ = try verifier.verify { $0.gradients["dQ"] = [0] } }
  }

  /// The loops where they can, for they share nothing with the engine.
  @Test(arguments: LayerKind.allCases)
  func whatItIsComparedWithIsSaid(_ layer: LayerKind) {
    let error = #expect(throws: BenchError.self) {
      _ = try LayerVerifier(item(layer), threads: 1).verify { $0.plant(relativeError: 1e-4) }
    }
    let twins: Set<LayerKind> = [
      .lstmOptions, .lstmNorm, .gruOptions, .rnnOptions, .defined, .stacked, .chain,
    ]
    let reference = twins.contains(layer) ? "itself in Double on OpenBLAS" : "the scalar loops"
    #expect(error?.message.contains("differs from \(reference) by") == true)
  }
}
