import ArgumentParser

/// Says what a file holds.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a file holds, and find NaN in it.",
    discussion: """
      Reads safetensors, .npy, .npz, PyTorch's .pt and .pth, and ONNX. Lists the tensors with their types \
      and shapes, the layers that names and shapes speak of and whose names they are, the number of \
      parameters, for ONNX the graph and whether 'recurrent run' can run it, and every tensor with NaN or \
      infinities. All numbers are read for that. Checkpoints of this library say how far they are.

      Layouts and layers are guesses by names and shapes.

      EXAMPLES
        recurrent inspect model.safetensors
        recurrent inspect tagger.onnx
        recurrent inspect run.pt --json | jq .parameterCount
      """)

  @Argument(help: "The file.", completion: .file())
  var file: String

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws {
    let report = try FileReport(contentsOf: file, progress: Progress())
    try StandardOutput.write(json ? try report.json() : report.lines.map { $0 + "\n" }.joined())
  }
}
