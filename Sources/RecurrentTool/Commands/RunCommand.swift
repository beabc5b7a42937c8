import ArgumentParser
import Charts
import ModelFiles
import OnnxModels

/// Runs an ONNX model on arrays of files.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run an ONNX model on arrays of files.",
    discussion: """
      Each input is the one array of a file, or that of the input's name. Names, types and shapes are \
      checked before the run. Each output becomes NAME.npy in the folder, which is made where it is not \
      there; bytes of names that files cannot have are written as % and two digits. Files are complete or \
      as they were.

      STREAMS
      With --stream OUT=IN the model is run once for each step, and what it gives as OUT it is given as \
      IN in the next step. The first axis of the files is time. A step has its place of that axis, \
      without the axis where the model's input has one axis less, else with a size of 1. --constant gives \
      an input whole at every step. IN begins with --input IN=FILE, else with zeros. Of OUT the last is \
      written, of other outputs all steps one behind the other.

      EXAMPLES
        recurrent run tagger.onnx --input tokens=tokens.npy --output-dir out
        recurrent run tagger.onnx --input tokens=all.npz --threads 1 --repeat 20
        recurrent run step.onnx --input token=text.npy --stream next_state=state
      """)

  @Argument(
    help: ArgumentHelp("The model.", valueName: "MODEL.onnx"),
    completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(help: ArgumentHelp("An input's array; once for each input.", valueName: "NAME=FILE"))
  var input: [NamedFile] = []

  @Option(
    help: ArgumentHelp("Likewise, the same at every step of --stream.", valueName: "NAME=FILE"))
  var constant: [NamedFile] = []

  @Option(
    help: ArgumentHelp("Feed an output back as an input; may be given often.", valueName: "OUT=IN"))
  var stream: [Feedback] = []

  @Option(
    help: ArgumentHelp(
      "The folder that outputs are written to; none are without.", valueName: "DIR"),
    completion: .directory)
  var outputDir: String?

  @Option(
    help: ArgumentHelp("The most threads; one for each processor by default.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Run so often, and say how long it takes.", valueName: "n"))
  var `repeat` = 1

  func validate() throws {
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads is \(threads), expected 1 to 4096.")
    }
    guard `repeat` >= 1 else {
      throw ValidationError("--repeat is \(`repeat`), expected 1 or more.")
    }
    guard constant.isEmpty || !stream.isEmpty else {
      throw ValidationError("--constant is for --stream; expected --input.")
    }
  }

  func run() throws {
    let clock = ContinuousClock()
    let begin = clock.now
    let loaded = try InputFile.model(model)
    let loading = begin.duration(to: clock.now)
    let plan = try RunPlan(
      loaded, path: model, inputs: input, constants: constant, feedbacks: stream)
    if let outputDir { try OutputFile.makeFolder(outputDir) }

    let progress = Progress()
    var results: [String: OnnxTensor] = [:]
    var times: [Double] = []
    for i in 0..<`repeat` {
      if `repeat` > 1 && plan.steps == nil { progress.show("run", i, of: `repeat`) }
      let begin = clock.now
      results = try plan.run(threads: threads, progress: progress)
      times.append(begin.duration(to: clock.now).seconds)
    }
    progress.end()

    var rows: [[String]] = []
    for output in loaded.outputs {
      guard let result = results[output.name] else { continue }
      var row = [Printable.name(output.name), "\(result.type)", "\(result.shape)"]
      if let outputDir {
        let path = "\(outputDir)/\(OutputName.file(output.name))"
        try OutputFile.write(TensorFile([Tensor("array", result)]), to: path, as: .npy)
        row.append(Printable.name(path, limit: 200))
      }
      rows.append(row)
    }
    var columns: [TextTable.Column] = [
      .init(title: "output", alignment: .left), .init(title: "type", alignment: .left),
      .init(title: "shape", alignment: .left),
    ]
    if outputDir != nil { columns.append(.init(title: "file", alignment: .left)) }
    try StandardOutput.write(
      lines: TextTable(columns: columns, rows: rows).lines() + ["", timing(times, plan, loading)])
  }

  private func timing(_ times: [Double], _ plan: RunPlan, _ loading: Duration) -> String {
    let sorted = times.sorted()
    let what = plan.steps.map { "\($0) step\($0 == 1 ? "" : "s")" } ?? "run"
    var text = "loaded in \(Format.time(loading.seconds)), "
    if sorted.count == 1 {
      text += "\(what) in \(Format.time(sorted[0]))"
    } else {
      text += "\(what) \(sorted.count) times: median \(Format.time(sorted[sorted.count / 2])), "
      text += "least \(Format.time(sorted[0]))"
    }
    return text
  }
}

extension Duration {
  fileprivate var seconds: Double { self / .seconds(1) }
}
