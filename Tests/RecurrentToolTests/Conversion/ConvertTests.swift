import Foundation
import ModelFiles
import Recurrent
import Testing

@testable import RecurrentTool

@Suite struct ConvertTests {
  /// Converts in this process.
  private func convert(
    _ path: String, to format: TensorFile.Format = .safetensors,
    _ conversion: Conversion = Conversion()
  ) throws -> (file: TensorFile, notes: [String]) {
    var conversion = conversion
    let file = try conversion.run(path, format: format, progress: Progress(isShown: false))
    return (file, conversion.notes)
  }

  private func bytes(_ file: TensorFile) throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for tensor in file.tensors {
      result[tensor.name] =
        Array("\(tensor.elementType) \(tensor.shape)".utf8) + (try tensor.bytes())
    }
    return result
  }

  @Test func containersKeepEveryBit() throws {
    let folder = try TemporaryFolder()
    for name in ["stored.npz", "deflated.npz", "c.npy", "scalar.npy", "types.safetensors"] {
      let golden = Golden.path("files/\(name)")
      let (once, twice) = (folder.path("a.safetensors"), folder.path("b.npz"))
      #expect(try Program.run(["convert", golden, once]).status == 0)
      let original = try TensorFile(contentsOf: golden)
      #expect(try bytes(TensorFile(contentsOf: once)) == bytes(original))
      guard !original.tensors.contains(where: { $0.elementType == .bfloat16 }) else { continue }
      #expect(try Program.run(["convert", once, twice]).status == 0)
      #expect(try bytes(TensorFile(contentsOf: twice)) == bytes(original))
    }
    let out = folder.path("state.safetensors")
    let outcome = try Program.run(["convert", Golden.path("files/state.pt"), out])
    #expect(outcome.status == 0 && outcome.errors.isEmpty && outcome.output.isEmpty)
    #expect(
      try bytes(TensorFile(contentsOf: out))
        == bytes(TensorFile(contentsOf: Golden.path("files/state.pt"))))
    #expect(folder.contents == ["a.safetensors", "b.npz", "state.safetensors"])
  }

  @Test func inPlace() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Golden.bytes("files/types.safetensors"), to: "a.safetensors")
    #expect(try Program.run(["convert", path, path, "--type", "f32"]).status == 0)
    let types = Set(try TensorFile(contentsOf: path).tensors.map(\.elementType))
    #expect(types.isDisjoint(with: [.float64, .float16, .bfloat16]) && types.contains(.int16))
  }

  @Test func textsAreLeftOutWhereNoneAreKept() throws {
    let path = Golden.path("files/checkpoint.pt")
    let kept = try convert(path)
    #expect(kept.file.metadata["loss"] == "0.5" && kept.notes.isEmpty)
    let (file, notes) = try convert(path, to: .npz)
    #expect(file.metadata.isEmpty && notes.count == 1 && notes[0].contains("texts are left out"))
  }

  @Test func typesAreRoundedToTheNearest() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Tensor("a", shape: [3], [1.0, 1 + 0x1p-11 + 0x1p-30, -70000] as [Double]),
      Tensor("i", shape: [1], integers: [70000]), to: "a.safetensors")
    let (file, notes) = try convert(path, Conversion(type: .f16))
    #expect(try file["a"]?.values(as: Double.self) == [1, 1 + 0x1p-10, -.infinity])
    #expect(file["a"]?.elementType == .float16 && file["i"]?.elementType == .int64)
    #expect(notes.count == 1 && notes[0].contains("'a'") && notes[0].contains("infinite"))
    #expect(try convert(path, Conversion(type: .bf16)).file["a"]?.elementType == .bfloat16)
  }

  @Test func names() throws {
    let path = Golden.path("files/state.pt")
    let renamings = [
      Renaming(old: "encoder.weight_ih_l0", new: "W"), Renaming(old: "encoder.", new: "lstm/"),
      Renaming(old: "part", new: "Part"),
    ]
    let names = Set(try convert(path, Conversion(renamings: renamings)).file.tensors.map(\.name))
    #expect(names.isSuperset(of: ["W", "lstm/weight_hh_l0", "lstm/bias_ih_l0", "Part"]))
    #expect(!names.contains("part") && names.contains("parameter") && names.count == 26)
    let all = try convert(path, Conversion(renamings: [Renaming(old: "", new: "model.")])).file
    #expect(all.tensors.allSatisfy { $0.name.hasPrefix("model.") })
    for wrong in [Renaming(old: "enc", new: "x"), Renaming(old: "part", new: "empty")] {
      #expect(throws: ToolError.self) { try convert(path, Conversion(renamings: [wrong])) }
    }
    #expect(Renaming(argument: "a=b=c") == Renaming(old: "a", new: "b=c"))
    #expect(Renaming(argument: "ab") == nil && Renaming(argument: "=x.")?.old == "")
  }

  @Test func layoutsAreGuessedAndListed() throws {
    let path = Golden.path("layers/pytorch-lstm-2-both.safetensors")
    let (file, notes) = try convert(path, Conversion(to: .keras))
    #expect(file["layer/bidirectional_1/backward_lstm_1/lstm_cell/kernel"]?.shape == [4, 8])
    #expect(file["x"] != nil && file.tensors.count == 14)
    #expect(
      notes == [
        "layer.*: LSTM, 2 layers, both directions, 3 features, 2 units, pytorch → keras",
        "part of no layer, and as before: 2 of 18, 'x', 'y'",
      ])
  }

  @Test func whatALayoutHasNoPlaceForIsRefused() throws {
    let folder = try TemporaryFolder()
    let out = folder.path("out.safetensors")
    for (name, layout, reason) in [
      ("pytorch-gru-both", "flux", "b_hn"), ("pytorch-lstm-projected", "keras", "projection"),
      ("keras-gru-before", "pytorch", "resets before"), ("onnx-gru", "keras", "where a GRU resets"),
    ] {
      let outcome = try Program.run([
        "convert", Golden.path("layers/\(name).safetensors"), out, "--to", layout,
      ])
      #expect(outcome.status == 65 && outcome.isOneLine && outcome.errors.contains(reason))
    }
    #expect(folder.contents.isEmpty)
    let told = try Program.run([
      "convert", Golden.path("layers/onnx-gru.safetensors"), out, "--to", "Keras", "--gru-reset",
      "after",
    ])
    #expect(told.status == 0, "\(told.errors)")
  }

  /// The tensors of an exported model get the names that they had before it was exported.
  @Test func onnxGraphsBecomePyTorchsAgain() throws {
    let folder = try TemporaryFolder()
    _ = try Golden.writeModel("tagger", to: folder)
    let (file, notes) = try convert(folder.path("tagger.onnx"), Conversion(to: .pytorch))
    #expect(notes.contains { $0.hasPrefix("lstm.*: LSTM, 2 layers, both directions") }, "\(notes)")
    #expect(file["lstm.weight_ih_l1_reverse"]?.shape == [12, 6])
    #expect(file["embedding.weight"]?.shape == [11, 4])

    // The node says where a GRU resets.
    _ = try Golden.writeModel("classifier", to: folder)
    let keras = try convert(folder.path("classifier.onnx"), Conversion(to: .keras)).file
    #expect(keras["gru/gru_cell/bias"]?.shape == [2, 18])
    #expect(keras["norm/gamma"] != nil && keras["output/kernel"]?.shape == [6, 3])

    let plain = try convert(folder.path("tagger.onnx")).file
    #expect(plain.tensors.count == 9 && plain["onnx::LSTM_355"]?.shape == [2, 12, 4])
  }
}
