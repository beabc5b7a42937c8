import Testing

@testable import OnnxCases
@testable import OnnxModels

/// Whatever a file holds, it is an error and no trap, and takes no memory that it has not earned.
@Suite struct HostileFileTests {
  private func error(
    _ builder: GraphBuilder, limits: OnnxLimits = OnnxLimits()
  ) -> OnnxError? {
    do throws(OnnxError) {
      _ = try builder.model(limits: limits)
      return nil
    } catch {
      return error
    }
  }

  /// The error of a run without inputs.
  private func runError(
    _ builder: GraphBuilder, limits: OnnxLimits = OnnxLimits()
  ) -> OnnxError? {
    do throws(OnnxError) {
      _ = try builder.model(limits: limits).run([:])
      return nil
    } catch {
      return error
    }
  }

  @Test func nothingIsAModel() {
    for bytes in [[], [0], [0xff, 0xff, 0xff], Array("ONNX".utf8)] as [[UInt8]] {
      #expect(throws: OnnxError.self) { try OnnxModel(bytes: bytes) }
    }
    #expect(throws: OnnxError.self) { try OnnxModel(contentsOf: "/nonexistent/model.onnx") }
    #expect(throws: OnnxError.self) { try OnnxModel(contentsOf: "/") }
  }

  /// A field of a number, with its length.
  private func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    var (result, rest) = ([UInt8(number << 3 | 2)], bytes.count)
    while rest > 0x7f {
      result.append(UInt8(rest & 0x7f | 0x80))
      rest >>= 7
    }
    return result + [UInt8(rest)] + bytes
  }

  /// Empty messages take two bytes each in a file, and a hundred times as much when they are read.
  @Test func manyEmptyMessages() throws {
    let many = [[UInt8]](repeating: [], count: 1000)
    let nodes = many.flatMap { field(1, $0) }
    let attributes = field(1, many.flatMap { field(5, $0) })
    let sizes = field(13, field(2, field(1, field(2, many.flatMap { field(1, $0) }))))
    let values = field(1, field(5, field(6, many.flatMap { field(13, $0) })))
    for graph in [nodes, attributes, sizes, values] {
      let bytes = field(7, graph)
      for limit in [100, 999] {
        do throws(OnnxError) {
          _ = try OnnxModel(bytes: bytes, limits: OnnxLimits(messages: limit))
          Issue.record("\(limit) messages were allowed, 1000 were read")
        } catch {
          #expect(error.kind == .limit && error.reason.contains("\(limit)"))
        }
      }
      // With them allowed it is something else that is wrong.
      do throws(OnnxError) {
        _ = try OnnxModel(bytes: bytes)
      } catch {
        #expect(error.kind != .limit)
      }
    }
    // A tensor's.
    let external = many.flatMap { field(13, $0) }
    do throws(OnnxError) {
      _ = try OnnxTensor(serialized: external, limits: OnnxLimits(messages: 999))
      Issue.record("1000 messages were read")
    } catch {
      #expect(error.kind == .limit)
    }
  }

  /// What the decoder takes, the count of messages takes as well: fields of unknown numbers and kinds,
  /// groups among them; and messages behind a group are counted.
  @Test func messagesAmongUnknownFields() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["y"])
    builder.node("Neg", ["x"], ["y"])
    let model = builder.bytes()
    let group: [UInt8] = [
      0xa3, 0x06, 0x08, 0x01, 0x13, 0x15, 0, 0, 0, 0, 0x14, 0x1a, 0x02, 0xff, 0xff, 0xa4, 0x06,
    ]
    let others: [UInt8] = [0xa0, 0x06, 0x96, 0x01, 0xa1, 0x06] + [UInt8](repeating: 7, count: 8)
    let whole = group + others + model
    #expect(try OnnxModel(bytes: whole).inputs.count == 1)
    #expect(throws: OnnxError.self) {
      try OnnxModel(bytes: whole, limits: OnnxLimits(messages: 3))
    }
    for damaged in [
      [0xa4, 0x06] + model, [0xa3, 0x06] + model, model + [0x3a], [0x3a, 0x7f] + model,
    ]
      as [[UInt8]]
    {
      #expect(throws: OnnxError.self) { try OnnxModel(bytes: damaged) }
    }
  }

  @Test func shapesThatDoNotFitTheirData() {
    for dims in [
      [], [1], [0], [-1], [3], [1 << 62, 1 << 62], [0, 1 << 62, 1 << 62], [Int64.min], [1 << 33],
      [2, 2],
    ] as [[Int64]] {
      var builder = GraphBuilder(outputs: ["w"])
      builder.constant(
        "w",
        .with {
          $0.dims = dims
          $0.dataType = 1
          $0.floatData = [1, 2]
        })
      #expect(error(builder) != nil, "\(dims)")
      builder = GraphBuilder(outputs: ["w"])
      builder.constant(
        "w",
        .with {
          $0.dims = dims
          $0.dataType = 11
          $0.rawData.append(contentsOf: [UInt8](repeating: 1, count: 13))
        })
      #expect(error(builder) != nil, "\(dims)")
    }
  }

  @Test func hugeResults() {
    var stretched = GraphBuilder(outputs: ["y"])
    stretched.constant("shape", shape: [3], [1 << 19, 1 << 19, 1 << 19] as [Int64])
    stretched.node("ConstantOfShape", ["shape"], ["y"])
    #expect(runError(stretched)?.kind == .limit)
    var overflow = GraphBuilder(outputs: ["y"])
    overflow.constant("shape", shape: [2], [Int64.max, Int64.max])
    overflow.node("ConstantOfShape", ["shape"], ["y"])
    #expect(runError(overflow)?.kind == .invalid)
    var range = GraphBuilder(outputs: ["y"])
    range.constant("a", shape: [], [0] as [Int64])
    range.constant("b", shape: [], [Int64.max])
    range.constant("c", shape: [], [1] as [Int64])
    range.node("Range", ["a", "b", "c"], ["y"])
    #expect(runError(range) != nil)
    var tile = GraphBuilder(outputs: ["y"])
    tile.constant("x", shape: [2], [1, 2] as [Float])
    tile.constant("n", shape: [1], [Int64.max])
    tile.node("Tile", ["x", "n"], ["y"])
    #expect(runError(tile) != nil)
  }

  @Test func loopsWithoutEnd() {
    var body = GraphBuilder(outputs: ["again", "out"])
    body.input("i", 7, nil)
    body.input("c", 9, nil)
    body.node("Identity", ["c"], ["again"])
    body.node("Identity", ["i"], ["out"])
    var builder = GraphBuilder(outputs: ["y"])
    builder.node("Loop", ["", ""], ["y"], attributes: [GraphBuilder.graph("body", body.graph)])
    #expect(runError(builder, limits: OnnxLimits(loopRounds: 100))?.kind == .limit)
    #expect(runError(builder, limits: OnnxLimits(tensorBytes: 64))?.kind == .limit)
  }

  @Test func graphsInGraphs() {
    var graph = GraphBuilder(outputs: ["y"]).graph
    for depth in 0..<2000 {
      var builder = GraphBuilder(outputs: ["y"])
      builder.node("If", ["c"], ["y"], attributes: [GraphBuilder.graph("then_branch", graph)])
      graph = builder.graph
      // Longer chains than the test's own thread can take apart would say nothing about the reader.
      if depth == 300 { break }
    }
    let bytes = (try? Onnx_ModelProto.with { $0.graph = graph }.serializedBytes() as [UInt8]) ?? []
    #expect(throws: OnnxError.self) { try OnnxModel(bytes: bytes) }
  }

  @Test func names() {
    var twice = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["y"])
    twice.node("Tanh", ["x"], ["y"])
    twice.node("Relu", ["x"], ["y"])
    #expect(error(twice)?.kind == .malformed)
    var circle = GraphBuilder(outputs: ["a"])
    circle.node("Tanh", ["b"], ["a"])
    circle.node("Tanh", ["a"], ["b"])
    #expect(error(circle)?.reason == "the node waits for its own output")
    var missing = GraphBuilder(outputs: ["y"])
    missing.node("Tanh", ["x"], ["y"])
    #expect(error(missing)?.reason == "input 'x' is computed by no node")
    #expect(error(GraphBuilder(outputs: ["y"]))?.place == "output 'y'")
    var input = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["x"])
    input.node("Tanh", ["x"], ["x"])
    #expect(error(input) != nil)
    #expect(error(GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["x", "x"])) != nil)
  }

  @Test func numbersThatWouldTrap() throws {
    var division = GraphBuilder(
      inputs: [("a", .int64, nil), ("b", .int64, nil)], outputs: ["y"])
    division.node("Div", ["a", "b"], ["y"])
    let model = try division.model()
    #expect(throws: OnnxError.self) {
      try model.run(["a": OnnxTensor(Int64(1)), "b": OnnxTensor(Int64(0))])
    }
    let y = try model.run(["a": OnnxTensor(Int64.min), "b": OnnxTensor(Int64(-1))])["y"]
    #expect(y?.elements(as: Int64.self) == [Int64.min])
    var cast = GraphBuilder(inputs: [("x", .float64, nil)], outputs: ["y"])
    cast.node("Cast", ["x"], ["y"], attributes: [GraphBuilder.int("to", 6)])
    let numbers = [Double.nan, .infinity, -.infinity, 1e300, -2.5, 2_147_483_647.5, -2_147_483_648]
    let whole = try cast.model().run(["x": OnnxTensor(shape: [7], numbers)])["y"]
    #expect(
      whole?.elements(as: Int32.self) == [0, .max, .min, .max, -2, .max, .min])
  }

  @Test func rangesOfLargeNumbers() throws {
    var range = GraphBuilder(
      inputs: [("a", .int64, nil), ("b", .int64, nil), ("c", .int64, nil)], outputs: ["y"])
    range.node("Range", ["a", "b", "c"], ["y"])
    let model = try range.model()
    func run(_ a: Int64, _ b: Int64, _ c: Int64) throws -> [Int64]? {
      try model.run(["a": OnnxTensor(a), "b": OnnxTensor(b), "c": OnnxTensor(c)])["y"]?
        .elements(as: Int64.self)
    }
    let far: Int64 = 1 << 60
    #expect(try run(far, far + 5, 2) == [far, far + 2, far + 4])
    #expect(try run(3, -4, -3) == [3, 0, -3])
    #expect(try run(3, 3, 1) == [] && run(3, 4, -1) == [] && run(3, 2, 1) == [])
    #expect(try run(.max - 1, .max, 1) == [.max - 1] && run(0, 5, .max) == [0])
    for (a, b, c) in [(0, 1, 0), (.min, .max, 1), (.max, .min, -1), (0, .min, -1)]
      as [(Int64, Int64, Int64)]
    {
      #expect(throws: OnnxError.self) { try run(a, b, c) }
    }
  }

  @Test func indicesOutside() throws {
    var gather = GraphBuilder(
      inputs: [("x", .float32, nil), ("i", .int64, nil)], outputs: ["y"])
    gather.node("Gather", ["x", "i"], ["y"])
    let model = try gather.model()
    let x = OnnxTensor(shape: [2, 1], [1, 2] as [Float])
    for index in [2, -3, Int64.max, Int64.min] {
      #expect(throws: OnnxError.self) { try model.run(["x": x, "i": OnnxTensor(index)]) }
    }
    #expect(try model.run(["x": x, "i": OnnxTensor(Int64(-1))])["y"]?.elements() == [2 as Float])
  }

  /// Every byte of small models, changed; and every beginning of one.
  @Test(arguments: GoldenTests.cases("models") + GoldenTests.cases("nodes").suffix(40))
  func damagedFiles(_ one: OnnxCase) {
    let limits = OnnxLimits(tensorBytes: 1 << 20, loopRounds: 1 << 10)
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0..<(1 << 32), using: &generator)
    print("damagedFiles \(one): seed \(seed)")
    var state = seed
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33)
    }
    for _ in 0..<200 {
      var bytes = one.model
      if next() % 4 == 0 {
        bytes.removeLast(next() % bytes.count)
      } else {
        for _ in 0...(next() % 3) { bytes[next() % bytes.count] = UInt8(next() % 256) }
      }
      guard let model = try? OnnxModel(bytes: bytes, limits: limits) else { continue }
      var given: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() where i < one.inputs.count {
        given[input.name] = one.inputs[i].flatMap { try? OnnxTensor(serialized: $0) }
      }
      _ = try? model.run(given, threads: 1)
    }
  }
}
