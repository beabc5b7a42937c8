import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct CellSearchTests {
  static let methods: [CellSearchMethod] = [
    .random, .evolution(population: 8, tournament: 3), .controller(),
  ]

  /// A score that costs nothing: the share of projections under a tanh, less for rectifiers; some cells fail.
  @Sendable static func score(_ cell: CellDefinition) throws -> Double {
    let rectified = cell.nodes.count { $0.operation == .activation(.relu) }
    if rectified > 2 { throw TrainingError.nonFiniteLoss(.infinity) }
    if cell.nodes.count > 30 { return .nan }
    let products = cell.nodes.count { $0.operation == .multiply }
    return 1 / (1 + Double(rectified) + abs(Double(products) - 2))
  }

  let folder = FileManager.default.temporaryDirectory.path + "/search-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test(arguments: methods)
  func `a search that is resumed is one that never stopped`(method: CellSearchMethod) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let space = CellSpace(hasMemory: true)
    var whole = CellSearch(in: space, by: method, roundSize: 6, seed: 51)
    try whole.run(rounds: 12, file: folder + "/whole.json", threads: 1, score: Self.score)
    let file = folder + "/parts.json"
    var begun = CellSearch(in: space, by: method, roundSize: 6, seed: 51)
    try begun.run(rounds: 3, file: file, threads: 3, score: Self.score)
    for rounds in [4, 9, 12] {
      var resumed = try CellSearch(contentsOf: file)
      #expect(resumed == begun)
      try resumed.run(rounds: rounds, file: file, threads: 2, score: Self.score)
      #expect(resumed.rounds == rounds)
      begun = resumed
    }
    #expect(begun == whole)
    #expect(try bytes(file) == bytes(folder + "/whole.json"))
    // An interruption ends it after a whole round.
    var interrupted = CellSearch(in: space, by: method, roundSize: 6, seed: 51)
    var asked = 0
    try interrupted.run(
      rounds: 12,
      interruption: .when {
        asked += 1
        return asked > 2
      }, score: Self.score)
    #expect(interrupted.trials == Array(whole.trials.prefix(12)))
    // Another seed is another search.
    var other = CellSearch(in: space, by: method, roundSize: 6, seed: 52)
    try other.run(rounds: 1, score: Self.score)
    #expect(other.trials != Array(whole.trials.prefix(6)))
  }

  @Test func `cells that fail get the worst score`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var search = CellSearch(
      in: CellSpace(hasMemory: true), by: .evolution(population: 8, tournament: 3), roundSize: 8,
      worstScore: -1)
    try search.run(rounds: 6, threads: 2) { cell in
      if cell.nodes.count % 3 == 0 { throw TrainingError.nonFiniteLoss(.nan) }
      if cell.nodes.count % 3 == 1 { return -.infinity }
      return -2
    }
    let reasons = Set(search.trials.compactMap(\.failure))
    #expect(reasons == ["the loss is nan", "the score is -inf"])
    #expect(search.trials.allSatisfy { search.reward($0) == -1 })
    #expect(search.trials.contains { $0.score == -2 })
    // A search with failures goes through its file.
    try search.write(to: folder + "/failures.json")
    #expect(try CellSearch(contentsOf: folder + "/failures.json") == search)
  }

  /// A real training that diverges: an exploding cell in a model, with a rate that is far too large.
  @Test func `a training that diverges is no crash`() throws {
    var search = CellSearch(
      in: CellSpace(maximumSize: 5, functions: [.relu]), by: .random, roundSize: 4, seed: 3)
    try search.run(rounds: 2, threads: 2) { cell in
      var rng = SeededGenerator(seed: 1)
      var layer = try DefinedLayer<Float>(cell, inputSize: 4, hiddenSize: 6, using: &rng)
      for k in 0..<layer.parameters.blockCount {
        var block = layer.parameters[block: k]
        block.withUnsafeMutableBufferPointer { x in for i in x.indices { x[i] = 1e20 } }
        layer.parameters[block: k] = block
      }
      var model = LanguageModel(vocabularySize: 5, layer: layer, using: &rng)
      var adam = Adam(for: model.parameters)
      let tokens = TokenBatch(steps: 9, batch: 2, tokens: (0..<18).map { Token($0 % 5) })
      let step = try model.trainingStep(on: Graph(threads: 1), optimizer: &adam) { model, graph in
        model(tokens, on: graph).outputs.crossEntropy(tokens)
      }
      return -step.loss.mean
    }
    #expect(search.trials.contains { $0.failure != nil })
  }

  @Test func `errors of the caller's own end the search`() throws {
    struct Missing: Error {}
    var search = CellSearch(in: CellSpace(), by: .random, roundSize: 4)
    try search.run(rounds: 2, score: Self.score)
    let before = search
    #expect(throws: Missing.self) { try search.run(rounds: 3) { _ in throw Missing() } }
    #expect(search == before)
  }

  @Test func `no cell is trained twice`() throws {
    let space = CellSpace(maximumSize: 3, operations: [.gate, .add], functions: [.tanh])
    let counted = Counter()
    var search = CellSearch(in: space, by: .random, roundSize: 8)
    try search.run(rounds: 4, threads: 2) { cell in
      counted.add(cell)
      return 1
    }
    #expect(search.trials.count == 32)
    #expect(counted.most == 1 && counted.different == Set(search.trials.map(\.code)).count)
  }

  /// On rewards that ask for one thing, the controller and evolution come to draw it; drawing evenly does not.
  @Test(arguments: [11, 12, 13] as [UInt64])
  func `controller and evolution learn`(seed: UInt64) throws {
    let space = CellSpace()
    func lastMean(_ method: CellSearchMethod) throws -> Double {
      var search = CellSearch(in: space, by: method, roundSize: 10, seed: seed)
      try search.run(rounds: 30, threads: 1, score: Self.score)
      let last = search.trials.suffix(60).map(search.reward)
      return last.reduce(0, +) / Double(last.count)
    }
    let random = try lastMean(.random)
    for method in Self.methods.dropFirst() {
      let mean = try lastMean(method)
      #expect(mean > random + 0.1, "seed \(seed), \(method): \(mean), random \(random)")
    }
  }

  @Test func `best cells are files and pictures`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var search = CellSearch(in: CellSpace(hasMemory: true), by: .random, roundSize: 8)
    #expect(search.best == nil && search.ranking.isEmpty)
    try search.run(rounds: 3, score: Self.score)
    let ranking = search.ranking
    #expect(ranking.first == search.best)
    #expect(zip(ranking, ranking.dropFirst()).allSatisfy { ($0.score ?? 0) >= ($1.score ?? 0) })
    #expect(Set(ranking.map(\.code)).count == ranking.count)
    let written = try search.writeBest(2, to: folder)
    #expect(written.count == 2)
    for cell in written {
      let path = "\(folder)/\(cell.name)"
      #expect(try CellDefinition(contentsOf: path + ".json") == cell)
      #expect(try JSONDecoder().decode(CellDefinition.self, from: bytes(path + ".json")) == cell)
      let picture = String(decoding: try bytes(path + ".svg"), as: UTF8.self)
      #expect(picture.hasPrefix("<svg") && picture.contains(cell.name))
      // Every node is there once.
      for node in cell.nodes {
        let title = node.operands.isEmpty ? ">\(node.name)</title>" : ">\(node.name): "
        #expect(picture.contains(title), "\(node)")
      }
    }
  }

  @Test func `files that are no searches are refused`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var search = CellSearch(in: CellSpace(), by: .controller(), roundSize: 2)
    try search.run(rounds: 1, score: Self.score)
    let path = folder + "/search.json"
    try search.write(to: path)
    let good = String(decoding: try bytes(path), as: UTF8.self)
    for (old, new, expected) in [
      (#""version" : 1"#, #""version" : 2"#, "expected 'recurrent-cell-search' 1"),
      (#""roundSize" : 2"#, #""roundSize" : 0"#, "rounds of 0 cells"),
      (#""roundSize" : 2"#, #""roundSize" : 4"#, "not whole rounds"),
      (#""size" : 8"#, #""size" : 800"#, "trees of 800 elements"),
      (#""units" : 32"#, #""units" : 100000000"#, "100000000 units"),
      (#""learningRate" : 0.01"#, #""learningRate" : -1"#, "learning rate"),
      (#""format""#, #""fermat""#, "expected 'format'"),
      (search.trials[0].code.description, "hidden", "no cell of the space"),
      (search.trials[0].code.description, "hiddn", "no code of a cell"),
    ] {
      #expect(good.contains(old), "\(old)")
      try good.replacingOccurrences(of: old, with: new)
        .write(toFile: path, atomically: true, encoding: .utf8)
      #expect {
        try CellSearch(contentsOf: path)
      } throws: { error in
        "\(error)".hasPrefix(path) && "\(error)".contains(expected)
      }
    }
    // Cut off anywhere, it is no search.
    for count in stride(from: 0, to: good.utf8.count - 2, by: 37) {
      try Data(good.utf8.prefix(count)).write(to: URL(fileURLWithPath: path))
      #expect(throws: CellSearchFileError.self) { try CellSearch(contentsOf: path) }
    }
    #expect(throws: CellSearchFileError.self) { try CellSearch(contentsOf: folder + "/none") }
    #expect(throws: CellSearchFileError.self) { try search.write(to: folder + "/none/search") }
  }
}

/// Counts how often each cell is scored.
private final class Counter: @unchecked Sendable {
  // @unchecked Sendable: used under the lock alone.
  private let lock = NSLock()
  private var counts: [CellDefinition: Int] = [:]

  func add(_ cell: CellDefinition) { lock.withLock { counts[cell, default: 0] += 1 } }
  var most: Int { lock.withLock { counts.values.max() ?? 0 } }
  var different: Int { lock.withLock { counts.count } }
}
