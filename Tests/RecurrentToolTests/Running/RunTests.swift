import Foundation
import ModelFiles
import OnnxModels
import Testing

@testable import RecurrentTool

@Suite struct RunTests {
  private func arguments(_ model: OnnxModel, _ name: String, _ folder: TemporaryFolder) -> [String]
  {
    ["run", folder.path("\(name).onnx")]
      + model.inputs.flatMap { ["--input", "\($0.name)=\(folder.path("in/\($0.name).npy"))"] }
  }

  /// What PyTorch exports, run from the shell, against PyTorch's outputs.
  @Test(arguments: ["tagger", "classifier", "decoder-step", "language-step"])
  func givesWhatPyTorchGives(_ name: String) throws {
    let folder = try TemporaryFolder()
    let model = try Golden.writeModel(name, to: folder)
    let out = folder.path("results/new")
    let outcome = try Program.run(
      arguments(model, name, folder) + ["--output-dir", out, "--threads", "2", "--repeat", "3"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    for output in model.outputs { #expect(outcome.output.contains("\(out)/\(output.name).npy")) }
    #expect(outcome.output.contains("run 3 times: median "))
    #expect(
      try Set(FileManager.default.contentsOfDirectory(atPath: out))
        == Set(model.outputs.map { "\($0.name).npy" }))
    let compared = try Program.run(["compare", out, folder.path("out"), "--tolerance", "1e-5"])
    #expect(compared.status == 0, "\(compared.output)")

    // The comparison would find a number that is another.
    let path = "\(out)/\(model.outputs[0].name).npy"
    let file = try TensorFile(contentsOf: path)
    var values = try file.tensors[0].values(as: Float.self)
    values[values.count / 2] += 1e-3
    try TensorFile([Tensor("array", shape: file.tensors[0].shape, values)]).write(to: path)
    #expect(
      try Program.run(["compare", out, folder.path("out"), "--tolerance", "1e-5"]).status == 1)
  }

  @Test func inputsMayLieInOneFile() throws {
    let folder = try TemporaryFolder()
    let model = try Golden.writeModel("tagger", to: folder)
    let tensors = try model.inputs.map {
      try TensorFile(contentsOf: folder.path("in/\($0.name).npy")).tensors[0].named($0.name)
    }
    let all = folder.path("all.npz")
    try TensorFile(tensors).write(to: all)
    let outcome = try Program.run([
      "run", folder.path("tagger.onnx"), "--input", "tokens=\(all)", "--input", "lengths=\(all)",
    ])
    #expect(outcome.status == 0 && outcome.output.contains("[3, 6, 5]"), "\(outcome)")
  }

  @Test func inputsAreCheckedBeforeTheRun() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("tagger", to: folder)
    let model = folder.path("tagger.onnx")
    let (tokens, lengths) = (folder.path("in/tokens.npy"), folder.path("in/lengths.npy"))
    let floats = try folder.write(Tensor("a", shape: [3], [1, 2, 3] as [Float]), to: "f.npy")
    let flat = try folder.write(Tensor("a", shape: [3], integers: [1, 2, 3]), to: "i.npy")
    let two = try folder.write(
      Tensor("a", shape: [1], integers: [1]), Tensor("b", shape: [1], integers: [1]), to: "2.npz")
    let vast = try folder.write(
      Tensor("a", .int64, shape: [1 << 59, 0], bytes: []), to: "vast.npy")
    for (inputs, status, reason) in [
      (["tokens=\(tokens)"], 64, "missing --input lengths=FILE (int64 [batch])"),
      ([], 64, "--input tokens=FILE (int64 [batch, steps]), --input lengths=FILE"),
      (["tokens=\(tokens)", "length=\(lengths)"], 64, "no input 'length'"),
      (["tokens=\(tokens)", "tokens=\(tokens)", "lengths=\(lengths)"], 64, "given twice"),
      (["tokens=\(tokens)", "lengths=\(floats)"], 65, "given F32 [3], expected int64 [batch]"),
      (["tokens=\(flat)", "lengths=\(lengths)"], 65, "int64 [3], expected int64 [batch, steps]"),
      (["tokens=\(two)", "lengths=\(lengths)"], 65, "expected one or 'tokens'"),
      (["tokens=\(vast)", "lengths=\(lengths)"], 65, "impossible shape"),
      // Within what the model says, and not within what its nodes can do.
      (["tokens=\(tokens)", "lengths=\(two)"], 65, "lengths"),
    ] as [([String], Int32, String)] {
      let outcome = try Program.run(
        ["run", model, "--output-dir", folder.path("results")]
          + inputs.flatMap { ["--input", $0] })
      #expect(outcome.status == status && outcome.isOneLine, "\(inputs): \(outcome)")
      #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    }
    #expect(!folder.contents.contains("results"))
  }

  @Test func tokensOutsideTheVocabularyAreAnError() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("classifier", to: folder)
    let tokens = try folder.write(Tensor("a", shape: [1, 1], integers: [99]), to: "t.npy")
    let outcome = try Program.run([
      "run", folder.path("classifier.onnx"), "--input", "tokens=\(tokens)",
    ])
    #expect(outcome.status == 65 && outcome.isOneLine && outcome.errors.contains("Gather"))
  }

  /// Steps from the shell against the same steps one by one in this process.
  @Test func streamsFeedStatesBack() throws {
    let folder = try TemporaryFolder()
    let model = try Golden.writeModel("language-step", to: folder)
    let tokens = (0..<10).map { 3 * $0 % 10 }
    let text = try folder.write(Tensor("a", shape: [5, 2], integers: tokens), to: "text.npy")
    let start = Tensor("h", shape: [2, 2, 5], (0..<20).map { Float($0) / 10 })
    let hidden = try folder.write(start, to: "hidden.npy")
    let out = folder.path("results")
    let outcome = try Program.run([
      "run", folder.path("language-step.onnx"), "--input", "token=\(text)", "--input",
      "hidden=\(hidden)", "--stream", "next_hidden=hidden", "--stream", "next_cell=cell",
      "--output-dir", out,
    ])
    #expect(outcome.status == 0 && outcome.output.contains("5 steps in "), "\(outcome)")

    var states = [
      "hidden": OnnxTensor(shape: [2, 2, 5], try start.values(as: Float.self)),
      "cell": OnnxTensor(shape: [2, 2, 5], [Float](repeating: 0, count: 20)),
    ]
    var scores: [Float] = []
    for t in 0..<5 {
      let step = OnnxTensor(shape: [2], tokens[2 * t..<2 * t + 2].map { Int64($0) })
      let results = try model.run(states.merging(["token": step]) { $1 })
      states["hidden"] = results["next_hidden"]
      states["cell"] = results["next_cell"]
      scores += try #require(results["scores"]).elements(as: Float.self)
    }
    for (name, shape, expected) in [
      ("scores", [5, 2, 10], scores),
      ("next_hidden", [2, 2, 5], states["hidden"]?.elements(as: Float.self) ?? []),
      ("next_cell", [2, 2, 5], states["cell"]?.elements(as: Float.self) ?? []),
    ] {
      let tensor = try TensorFile(contentsOf: "\(out)/\(name).npy").tensors[0]
      #expect(tensor.shape == shape)
      #expect(try tensor.values(as: Float.self) == expected)
    }
  }

  /// A decoder's memory is the same at every step, its tokens are not.
  @Test func streamsWithConstants() throws {
    let folder = try TemporaryFolder()
    let model = try Golden.writeModel("decoder-step", to: folder)
    let tokens = [3, 7, 1, 2, 0, 5]
    let text = try folder.write(Tensor("a", shape: [3, 2], integers: tokens), to: "text.npy")
    let out = folder.path("results")
    let run = [
      "run", folder.path("decoder-step.onnx"), "--stream", "next_state=state", "--output-dir", out,
      "--constant", "memory=\(folder.path("in/memory.npy"))", "--constant",
      "mask=\(folder.path("in/mask.npy"))",
    ]
    let outcome = try Program.run(run + ["--input", "token=\(text)"])
    #expect(outcome.status == 0, "\(outcome)")
    func input(_ name: String) throws -> OnnxTensor {
      let path = folder.path("in/\(name).npy")
      return try #require(
        try OnnxTensor(TensorFile(contentsOf: path).tensors[0], path: path))
    }
    var state = OnnxTensor(shape: [2, 5], [Float](repeating: 0, count: 10))
    var weights: [Float] = []
    for t in 0..<3 {
      let results = try model.run([
        "token": OnnxTensor(shape: [2], tokens[2 * t..<2 * t + 2].map { Int64($0) }),
        "state": state, "memory": try input("memory"), "mask": try input("mask"),
      ])
      state = try #require(results["next_state"])
      weights += try #require(results["weights"]).elements(as: Float.self)
    }
    let tensor = try TensorFile(contentsOf: "\(out)/weights.npy").tensors[0]
    #expect(tensor.shape == [3, 2, 4])
    #expect(try tensor.values(as: Float.self) == weights)
    let last = try TensorFile(contentsOf: "\(out)/next_state.npy").tensors[0]
    #expect(try last.values(as: Float.self) == state.elements(as: Float.self))
  }

  @Test func streamsThatDoNotFit() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("language-step", to: folder)
    let text = try folder.write(Tensor("a", shape: [5, 2], integers: Array(0..<10)), to: "t.npy")
    let none = try folder.write(Tensor("a", .int64, shape: [0, 2], bytes: []), to: "n.npy")
    let deep = try folder.write(Tensor("a", shape: [1, 1, 1, 1], integers: [1]), to: "d.npy")
    let pairs = ["--stream", "next_hidden=hidden", "--stream", "next_cell=cell"]
    for (options, status, reason) in [
      (["--input", "token=\(text)", "--stream", "hidden=token"], 64, "no output 'hidden'"),
      (["--input", "token=\(text)", "--stream", "scores=state"], 64, "no input 'state'"),
      (["--input", "token=\(text)", "--stream", "next_cell=token"], 64, "input 'token' int64"),
      (["--input", "token=\(text)"] + pairs + ["--stream", "scores=cell"], 64, "given twice"),
      (["--input", "token=\(text)", "--stream", "next_cell=cell"], 64, "missing --input hidden"),
      (["--constant", "token=\(text)"] + pairs, 65, "given int64 [5, 2]"),
      (["--input", "token=\(none)"] + pairs, 65, "0 steps"),
      (["--input", "token=\(deep)"] + pairs, 65, "expected steps of int64"),
    ] as [([String], Int32, String)] {
      let outcome = try Program.run(["run", folder.path("language-step.onnx")] + options)
      #expect(outcome.status == status && outcome.isOneLine, "\(options): \(outcome)")
      #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    }
  }

  @Test func joinedSteps() throws {
    let steps = (0..<3).map { OnnxTensor(shape: [1, 2], [Float($0), 1]) }
    #expect(OnnxTensor.joined(steps, newAxis: true)?.shape == [3, 1, 2])
    let joined = OnnxTensor.joined(steps, newAxis: false)
    #expect(joined?.shape == [3, 2] && joined?.elements(as: Float.self) == [0, 1, 1, 1, 2, 1])
    #expect(joined?.step(2, keepsAxis: true).shape == [1, 2])
    #expect(joined?.step(2, keepsAxis: false).elements(as: Float.self) == [2, 1])
    #expect(OnnxTensor.joined([OnnxTensor(Float(1))], newAxis: false) == nil)
    #expect(
      OnnxTensor.joined(steps + [OnnxTensor(shape: [1, 1], [Float(1)])], newAxis: false) == nil)
    #expect(OnnxTensor.joined([], newAxis: true) == nil)
  }
}
