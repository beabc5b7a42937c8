import Foundation
import LinAlg
import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct OnnxModelTests {
  @Test func checksWhatARunIsGiven() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, [2, 3])], outputs: ["y"])
    builder.node("Relu", ["x"], ["y"])
    let model = try builder.model()
    #expect(model.inputs[0].description == "float32 [2, 3]" && model.outputs[0].name == "y")
    let x = OnnxTensor(shape: [2, 3], [-1, 0, 1, 2, -2, 3] as [Float])
    #expect(try model.run(["x": x])["y"]?.elements(as: Float.self) == [0, 0, 1, 2, 0, 3])
    for given in [
      [:], ["x": OnnxTensor(shape: [3, 2], x.elements(as: Float.self))], ["x": OnnxTensor(1.0)],
      ["x": x, "z": x],
    ] {
      #expect(throws: OnnxError.self) { try model.run(given) }
    }
  }

  @Test func nodesInAnyOrder() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["c"])
    builder.node("Neg", ["b"], ["c"])
    builder.node("Neg", ["a"], ["b"])
    builder.node("Neg", ["x"], ["a"])
    #expect(try builder.model().run(["x": OnnxTensor(Float(2))])["c"]?.elements() == [-2 as Float])
  }

  @Test func constantsAreComputedOnce() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["y"])
    builder.constant("w", shape: [2, 1], [1, 2] as [Float])
    builder.node("Transpose", ["w"], ["t"])
    builder.node("Exp", ["t"], ["e"])
    builder.node("Log", ["e"], ["l"])
    builder.node("Identity", ["x"], ["unused"])
    builder.node("MatMul", ["x", "l"], ["y"])
    let model = try builder.model()
    #expect(model.stepCount == 1)
    let y = try model.run(["x": OnnxTensor(shape: [1, 1], [3 as Float])])["y"]
    #expect(y?.shape == [1, 2])
    let numbers = try #require(y?.elements(as: Float.self))
    #expect(abs(numbers[0] - 3) < 1e-5 && abs(numbers[1] - 6) < 1e-5)
  }

  @Test func manyThreadsRunOneModel() async throws {
    let cases = GoldenTests.cases("models")
    for one in cases {
      let model = try OnnxModel(bytes: one.model)
      var given: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() {
        given[input.name] = try OnnxTensor(serialized: #require(one.inputs[i]))
      }
      let (inputs, name) = (given, model.outputs[0].name)
      let expected = try model.run(inputs)[name]?.elements(as: Float.self)
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<16 {
          group.addTask { try model.run(inputs)[name]?.elements(as: Float.self) == expected }
        }
        for try await same in group { #expect(same) }
      }
    }
  }

  /// What runs leave to each other must not be seen: runs of any shapes in any order, also behind one that
  /// fails, give what a model gives that has never been run, and results stay what they were.
  @Test func runsDoNotSeeEachOther() throws {
    var builder = GraphBuilder(
      inputs: [("x", .float32, nil), ("order", .int64, nil)],
      outputs: ["y", "s", "flat", "x", "half", "parts"])
    builder.constant("open", shape: [1], [-1 as Int64])
    builder.constant("zero", shape: [1], [0 as Int64])
    builder.constant("one", shape: [1], [1 as Int64])
    builder.constant("two", shape: [], [2 as Float])
    builder.node("Transpose", ["x"], ["t"])
    builder.node("MatMul", ["x", "t"], ["products"])
    builder.node("Softmax", ["products"], ["y"])
    builder.node("Add", ["y", "products"], ["sum"])
    builder.node("ReduceSum", ["sum", "one"], ["s"])
    builder.node("Reshape", ["sum", "open"], ["flat"])
    builder.node("Div", ["flat", "two"], ["half"])
    builder.node("Gather", ["x", "order"], ["rows"])
    builder.node("Slice", ["rows", "zero", "one", "one"], ["first"])
    builder.node("Concat", ["rows", "first"], ["parts"], attributes: [GraphBuilder.int("axis", 1)])
    let (model, seed) = (try builder.model(), UInt64.random(in: 0...UInt64.max))
    var rng = SeededGenerator(seed: seed)
    var before: [([String: OnnxTensor], [String: [Float]])] = []
    for run in 0..<40 {
      let (n, k) = (Int.random(in: 1...5, using: &rng), Int.random(in: 1...4, using: &rng))
      let numbers = (0..<n * k).map { _ in Float.random(in: -2...2, using: &rng) }
      let places = (0..<n).map { _ in Int64.random(in: -Int64(n)..<Int64(n), using: &rng) }
      var given = [
        "x": OnnxTensor(shape: [n, k], numbers), "order": OnnxTensor(shape: [n], places),
      ]
      if run % 7 == 3 {
        given["order"] = OnnxTensor(shape: [1], [Int64(n)])
        #expect(throws: OnnxError.self) { try model.run(given) }
        continue
      }
      let (results, fresh) = (try model.run(given), try builder.model().run(given))
      let elements = results.mapValues { $0.elements(as: Float.self) }
      #expect(
        elements == fresh.mapValues { $0.elements(as: Float.self) }, "seed \(seed), run \(run)")
      #expect(results.mapValues(\.shape) == fresh.mapValues(\.shape), "seed \(seed), run \(run)")
      before.append((results, elements))
    }
    for (results, elements) in before {
      #expect(results.mapValues { $0.elements(as: Float.self) } == elements, "seed \(seed)")
    }
  }

  /// What a node has planned for one run must not serve another whose weights or axes are others, though
  /// the shape of its first input is the same.
  @Test func plansSeeAllThatTheyDependOn() throws {
    func ones(_ shape: [Int]) -> OnnxTensor {
      OnnxTensor(shape: shape, (0..<shape.reduce(1, *)).map { Float($0 % 7) / 8 })
    }
    var builder = GraphBuilder(
      inputs: [("x", .float32, nil), ("W", .float32, nil), ("R", .float32, nil)],
      outputs: ["y", "h"])
    builder.node("RNN", ["x", "W", "R"], ["y", "h"])
    let layer = try builder.model()
    for (D, H) in [(2, 3), (2, 5), (4, 3), (2, 1), (2, 3)] {
      let given = ["x": ones([3, 2, 2]), "W": ones([1, H, D]), "R": ones([1, H, H])]
      guard D == 2 else {
        #expect(throws: OnnxError.self) { try layer.run(given) }
        continue
      }
      let (results, fresh) = (try layer.run(given), try builder.model().run(given))
      #expect(results["y"]?.shape == [3, 1, 2, H] && results["h"]?.shape == [1, 2, H])
      #expect(
        results.mapValues { $0.elements(as: Float.self) }
          == fresh.mapValues { $0.elements(as: Float.self) })
    }

    builder = GraphBuilder(
      inputs: [("x", .float32, nil), ("axes", .int64, nil)], outputs: ["y"])
    builder.node(
      "ReduceSum", ["x", "axes"], ["y"], attributes: [GraphBuilder.int("keepdims", 0)])
    let sums = try builder.model()
    for axes in [[0, 2], [1, 3], [0, 3], [0, 2], [0, 1, 3]] as [[Int64]] {
      let given = [
        "x": ones([2, 2, 2, 2]), "axes": OnnxTensor(shape: [axes.count], axes),
      ]
      #expect(
        try sums.run(given)["y"]?.elements(as: Float.self)
          == builder.model().run(given)["y"]?.elements(as: Float.self), "\(axes)")
    }
  }

  @Test func readsFiles() throws {
    let one = try #require(GoldenTests.cases("models").first)
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("onnx-\(ProcessInfo.processInfo.processIdentifier).onnx").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(one.model).write(to: URL(fileURLWithPath: path))
    #expect(try OnnxModel(contentsOf: path).opset == 17)
    do throws(OnnxError) {
      _ = try OnnxModel(contentsOf: path, limits: OnnxLimits(fileBytes: 100))
      Issue.record("a file above the limit was read")
    } catch {
      #expect(error.kind == .unreadable && error.place == path)
    }
  }
}
