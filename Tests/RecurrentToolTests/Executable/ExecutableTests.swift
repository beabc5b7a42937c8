import Foundation
import ModelFiles
import Testing

/// The built program: what it prints where, its exit codes, and that it leaves nothing behind.
@Suite(.serialized)
struct ExecutableTests {
  @Test func helpVersionAndCompletionsGoToStandardOutput() throws {
    for arguments in [
      [], ["--help"], ["help", "run"], ["inspect", "--help"], ["convert", "--help"],
      ["run", "--help"], ["compare", "--help"], ["--version"],
      ["--generate-completion-script", "bash"], ["--generate-completion-script", "zsh"],
      ["--generate-completion-script", "fish"],
    ] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 0 && !outcome.output.isEmpty && outcome.errors.isEmpty)
    }
    for command in ["inspect", "convert", "run", "compare"] {
      let help = try Program.run([command, "--help"]).output
      #expect(help.contains("EXAMPLES\n  recurrent \(command) "), "\(help)")
    }
  }

  @Test(arguments: [
    ["frob"], ["inspect"], ["inspect", "a", "b"], ["inspect", "--jsn", "a"], ["convert", "a.npz"],
    ["convert", "a.npz", "b.xyz"], ["convert", "a.npz", "b.pt"],
    ["convert", "a.npz", "b.npz", "--from", "pytorch"],
    ["convert", "a.npz", "b.npz", "--to", "torch"], ["convert", "a.npz", "b.npz", "--type", "f8"],
    ["convert", "a.npz", "b.npz", "--map", "a"], ["run"], ["run", "m.onnx", "--input", "x"],
    ["run", "m.onnx", "--threads", "0"], ["run", "m.onnx", "--repeat", "0"],
    ["run", "m.onnx", "--stream", "a"], ["run", "m.onnx", "--constant", "a=b"],
    ["compare", "a"], ["compare", "a", "b", "--tolerance", "-1"],
    ["compare", "a", "b", "--relative", "nan"], ["compare", "a", "b", "--tolerance", "x"],
  ])
  func wrongOptionsAreRefusedInOneLine(_ arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.isOneLine && outcome.errors.hasPrefix("recurrent: "), "\(outcome.errors)")
  }

  @Test func inputsThatAreNotThere() throws {
    let folder = try TemporaryFolder()
    let (none, npy) = (folder.path("none.npy"), Golden.path("files/c.npy"))
    _ = try Golden.writeModel("classifier", to: folder)
    for arguments in [
      ["inspect", none], ["inspect", folder.url.path], ["inspect", folder.path("none.onnx")],
      ["convert", none, folder.path("a.npz")], ["compare", none, npy], ["compare", npy, none],
      ["run", folder.path("none.onnx")],
      ["run", folder.path("classifier.onnx"), "--input", "tokens=\(none)"],
    ] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 66 && outcome.isOneLine && outcome.output.isEmpty, "\(outcome)")
    }
    #expect(folder.contents == ["classifier.onnx", "in", "out"])
  }

  @Test func filesThatHoldWhatTheyShouldNot() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("no numbers\n".utf8, to: "text")
    let onnx = try folder.write("no model\n".utf8, to: "text.onnx")
    let cut = try folder.write(Golden.bytes("files/state.pt").dropLast(100), to: "cut.pt")
    let out = folder.path("out.safetensors")
    for (arguments, place) in [
      (["inspect", text], text), (["inspect", onnx], onnx), (["inspect", cut], cut),
      (["convert", text, out], text), (["convert", cut, out], cut), (["run", onnx], onnx),
      (["compare", text, text], text),
      (["inspect", Golden.path("files/function.pt")], "'posix.system'"),
      (["convert", Golden.path("files/state.pt"), folder.path("out.npy")], "26 tensors"),
      (["convert", Golden.path("files/state.pt"), folder.path("out.npz")], "'parameter'"),
      (["convert", Golden.path("files/c.npy"), out, "--to", "keras"], "--from"),
      (["convert", Golden.path("files/c.npy"), out, "--map", "b=c"], "'b'"),
    ] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 65 && outcome.isOneLine && outcome.output.isEmpty, "\(outcome)")
      #expect(outcome.errors.contains(place), "\(outcome.errors)")
    }
    #expect(folder.contents == ["cut.pt", "text", "text.onnx"])
  }

  @Test func outputsThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let npy = Golden.path("files/c.npy")
    let file = try folder.write("x".utf8, to: "file")
    _ = try Golden.writeModel("classifier", to: folder)
    let run = [
      "run", folder.path("classifier.onnx"), "--input", "tokens=\(folder.path("in/tokens.npy"))",
    ]
    for arguments in [
      ["convert", npy, folder.path("none/a.npz")], ["convert", npy, "\(file)/a.npz"],
      run + ["--output-dir", file], run + ["--output-dir", "\(file)/x"],
    ] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 74 && outcome.isOneLine && outcome.output.isEmpty, "\(outcome)")
    }
    // What stands there already stays where the new file cannot take its place.
    try FileManager.default.createDirectory(
      atPath: folder.path("results/probabilities.npy/x"), withIntermediateDirectories: true)
    let outcome = try Program.run(run + ["--output-dir", folder.path("results")])
    #expect(outcome.status == 74 && outcome.isOneLine && outcome.output.isEmpty, "\(outcome)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("results"))
        == ["probabilities.npy"])
  }

  #if os(Linux)
    @Test func aFullStandardOutputIsAWriteError() throws {
      let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
      let outcome = try Program.run(["inspect", Golden.path("files/c.npy")], output: full)
      #expect(outcome.status == 74 && outcome.isOneLine, "\(outcome)")
    }
  #endif

  @Test func comparedFilesThatDiffer() throws {
    let folder = try TemporaryFolder()
    let a = try folder.write(Tensor("a", shape: [2], [1, 2] as [Float]), to: "a.npy")
    let b = try folder.write(Tensor("b", shape: [2], [1, 2.5] as [Float]), to: "b.npy")
    let same = try Program.run(["compare", a, a])
    #expect(same.status == 0 && same.output == "1 array: 1 the same\n" && same.errors.isEmpty)
    let different = try Program.run(["compare", a, b])
    #expect(different.status == 1 && different.errors.isEmpty)
    #expect(different.output.contains("0.5"), "\(different.output)")
    #expect(try Program.run(["compare", a, b, "--tolerance", "0.5"]).status == 0)
    let quiet = try Program.run(["compare", a, b, "-q"])
    #expect(quiet.status == 1 && quiet.output.isEmpty && quiet.errors.isEmpty)
    let mixed = try Program.run(["compare", a, folder.url.path])
    #expect(mixed.status == 64 && mixed.isOneLine)
  }

  @Test func theLineOfAnErrorIsOneWhateverAFileIsCalled() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x".utf8, to: "a\nb\u{1B}[31m.npy")
    let outcome = try Program.run(["inspect", path])
    #expect(outcome.status == 65 && outcome.isOneLine)
    #expect(!outcome.errors.contains("\u{1B}"), "\(outcome.errors)")
  }
}
