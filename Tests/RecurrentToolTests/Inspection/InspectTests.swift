import Foundation
import LinAlg
import ModelFiles
import OnnxModels
import Recurrent
import Testing

@testable import RecurrentTool

@Suite struct InspectTests {
  private func report(_ path: String) throws -> FileReport {
    try FileReport(contentsOf: path, progress: Progress(isShown: false))
  }

  @Test func tensorsTypesAndShapes() throws {
    let report = try report(Golden.path("files/types.safetensors"))
    #expect(report.format == "safetensors" && report.tensors.count == 15)
    #expect(Set(report.tensors.map(\.type)).isSuperset(of: ["F16", "BF16", "U64", "BOOL"]))
    #expect(report.faults.isEmpty && report.layers.isEmpty && report.layout == nil)
    for (name, format) in [
      ("c.npy", "npy"), ("deflated.npz", "npz"), ("state.pt", "pytorch"),
    ] {
      #expect(try self.report(Golden.path("files/\(name)")).format == format)
    }
  }

  @Test func layersAndWhoseTheyAre() throws {
    let one = try report(Golden.path("layers/pytorch-lstm-2-both.safetensors"))
    #expect(one.layout == "pytorch" && one.parameterCount == 36 + 48 + 240)
    #expect(
      one.layers == [
        FileReport.LayerReport(
          prefix: "layer.", kind: "lstm", layers: 2, directions: 2, inputSize: 3, hiddenSize: 2,
          outputSize: 4,
          description: "LSTM, 2 layers, both directions, 3 features, 2 units")
      ])
    #expect(one.lines.contains("  layer.  \(one.layers[0].description)"), "\(one.lines)")
  }

  @Test func nanAndInfinitiesWithTheirTensors() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Tensor("good", shape: [3], [1, -2, 3] as [Float]),
      Tensor("bad", shape: [2, 2], [.nan, .infinity, 1, -.infinity] as [Float]),
      Tensor("half", shape: [2], [.nan, 0] as [Float], as: .float16),
      Tensor("double", shape: [1], [Double.infinity]),
      Tensor("brain", shape: [2], [.nan, .nan] as [Float], as: .bfloat16),
      Tensor("whole", shape: [1], integers: [-1]), to: "a.safetensors")
    let report = try report(path)
    #expect(Set(report.faults.map(\.name)) == ["bad", "half", "double", "brain"])
    let lines = report.lines
    for line in [
      "bad: 1 NaN, 2 infinite", "half: 1 NaN, 0 infinite", "double: 0 NaN, 1 infinite",
      "brain: 2 NaN, 0 infinite",
    ] {
      #expect(lines.contains(line), "\(lines)")
    }
    #expect(!lines.contains("no NaN, nothing infinite"))
  }

  @Test func jsonSaysAsMuch() throws {
    let outcome = try Program.run(["inspect", Golden.path("files/state.pt"), "--json"])
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(json["format"] as? String == "pytorch" && json["parameterCount"] as? Int == 168)
    #expect(json["layout"] as? String == "pytorch")
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    #expect(tensors.count == 26 && tensors[0]["name"] as? String == "encoder.weight_ih_l0")
    #expect(tensors[0]["shape"] as? [Int] == [8, 3] && tensors[0]["nans"] as? Int == 0)
    let layers = try #require(json["layers"] as? [[String: Any]])
    #expect(layers.map { $0["kind"] as? String } == ["lstm"])
  }

  @Test func graphsOfOnnx() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("tagger", to: folder)
    let report = try report(folder.path("tagger.onnx"))
    let graph = try #require(report.graph)
    #expect(graph.inputs.map(\.name) == ["tokens", "lengths"] && graph.refusal == nil)
    #expect(graph.inputs[0].shape == ["batch", "steps"] && graph.outputs[0].type == "float32")
    #expect(graph.opsets == ["ai.onnx": 17] && graph.operators["LSTM"] == 2)
    #expect(report.parameterCount == 559 && report.layout == "onnx")
    #expect(report.layers.map(\.inputSize) == [4, 6] && report.layers.map(\.directions) == [2, 2])
    #expect(report.lines.contains("'recurrent run' can run it"))
  }

  /// Cut off or with bits turned: told or refused, in one line, and never a trap.
  @Test(arguments: [
    "files/state.pt", "files/deflated.npz", "files/types.safetensors", "files/fortran.npy",
    "layers/keras-lstm-2-both.safetensors", "layers/pytorch-lstm-projected.safetensors",
    "layers/onnx-lstm-peepholes-both.safetensors",
  ])
  func damagedFiles(_ name: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try Golden.bytes(name)
    var rng = SeededGenerator(seed: 11)
    for round in 0..<60 {
      var damaged = bytes
      if round % 4 == 0 {
        damaged.removeLast(Int.random(in: 1...bytes.count, using: &rng))
      } else {
        for _ in 0...2 {
          damaged[Int.random(in: 0..<bytes.count, using: &rng)] ^=
            UInt8(1)
            << Int.random(in: 0..<8, using: &rng)
        }
      }
      let path = try folder.write(damaged, to: "damaged")
      do {
        let report = try report(path)
        _ = (report.lines, try report.json())
      } catch let error as ToolError {
        #expect(error.code == .data && error.message.hasPrefix(path), "seed 11, round \(round)")
      }
    }
  }

  @Test(arguments: ["npy", "npz", "pytorch", "safetensors"])
  func everyFindOfTheFuzzer(_ format: String) throws {
    let names = Golden.names("fuzz/\(format)")
    #expect(names.count >= 20)
    let folder = try TemporaryFolder()
    let out = folder.path("out.safetensors")
    for name in names {
      let path = Golden.path("fuzz/\(format)/\(name)")
      do {
        let report = try report(path)
        _ = (report.lines, try report.json())
        var conversion = Conversion(to: .keras, type: .f16)
        _ = try conversion.run(path, format: .safetensors, progress: Progress(isShown: false))
      } catch let error as ToolError {
        #expect(error.code == .data && error.message.hasPrefix(path), "\(name): \(error)")
      }
      do throws(any Error) {
        var conversion = Conversion()
        let file = try conversion.run(
          path, format: .safetensors, progress: Progress(isShown: false))
        try OutputFile.write(file, to: out, as: .safetensors)
      } catch {
        #expect((error as? ToolError)?.code == .data, "\(name): \(error)")
      }
    }
  }

  @Test func damagedGraphs() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("classifier", to: folder)
    let bytes = Array(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("classifier.onnx"))))
    var rng = SeededGenerator(seed: 12)
    for round in 0..<150 {
      var damaged = bytes
      for _ in 0...2 {
        damaged[Int.random(in: 0..<bytes.count, using: &rng)] = UInt8.random(
          in: 0...255, using: &rng)
      }
      let path = try folder.write(damaged, to: "damaged.onnx")
      do {
        let report = try report(path)
        _ = (report.lines, try report.json())
        var conversion = Conversion(to: .pytorch)
        _ = try conversion.run(path, format: .safetensors, progress: Progress(isShown: false))
      } catch let error as ToolError {
        #expect(error.code == .data && error.message.hasPrefix(path), "seed 12, round \(round)")
      }
    }
  }
}
