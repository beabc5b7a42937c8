import ArgumentParser
import Charts
import ModelFiles
import Recurrent

/// Writes the tensors of a file in another format, layout or type.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write the tensors of a file in another format, layout or type.",
    discussion: """
      IN is safetensors, .npy, .npz, PyTorch's .pt or .pth, or ONNX, whose initialisers are read. OUT's \
      ending says what is written: .safetensors, .npz or .npy; it is complete or as it was. Without \
      --to, all tensors keep their names and shapes.

      With --to, layers become those of another library: gates in its order, matrices as it has them, \
      biases by its conventions, names by its names. What it cannot express is refused with the reason. \
      What belongs to no layer stays as it is, and standard error lists what was taken for what: names and \
      shapes do not tell all. A GRU of ONNX resets as --gru-reset says, if not as its node does.

      --map comes last, and is about a whole name, or about the beginning of names where OLD ends with a \
      point or a slash, or is empty.

      LAYOUTS
        native, pytorch, keras, onnx, oneDNN, cuDNN, mlx, flux, haste

      EXAMPLES
        recurrent convert model.pt model.safetensors
        recurrent convert model.safetensors half.safetensors --type f16
        recurrent convert model.pt keras.npz --from pytorch --to keras
        recurrent convert model.npz model.safetensors --map module.=
        recurrent convert model.onnx weights.safetensors --to pytorch
      """)

  @Argument(help: ArgumentHelp("The file that is read.", valueName: "IN"), completion: .file())
  var input: String

  @Argument(help: ArgumentHelp("The file that is written.", valueName: "OUT"), completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp(
      "Whose layers IN has; by default what names and shapes say.", valueName: "layout"),
    completion: .list(WeightLayout.allCases.map(\.rawValue)),
    transform: Self.layout)
  var from: WeightLayout?

  @Option(
    help: ArgumentHelp("Whose layers OUT is to have.", valueName: "layout"),
    completion: .list(WeightLayout.allCases.map(\.rawValue)),
    transform: Self.layout)
  var to: WeightLayout?

  @Option(help: ArgumentHelp("Rename tensors; may be given often.", valueName: "OLD=NEW"))
  var map: [Renaming] = []

  @Option(help: "What floating-point numbers are stored as; whole numbers stay.")
  var type: NumberType?

  @Option(
    help: ArgumentHelp(
      "Where ONNX's GRUs reset: before the product with the state, or after it.",
      valueName: "place"))
  var gruReset: GRUReset?

  enum GRUReset: String, CaseIterable, ExpressibleByArgument {
    case before, after
  }

  func validate() throws {
    if from != nil && to == nil {
      throw ValidationError("--from needs --to, the layout that layers are to have.")
    }
  }

  func run() throws {
    let format = try OutputFile.format(output)
    let progress = Progress()
    var conversion = Conversion(
      from: from, to: to, candidate: gruReset.map { $0 == .before ? .resetBefore : .resetAfter },
      renamings: map, type: type)
    let file = try conversion.run(input, format: format, progress: progress)
    try OutputFile.write(file, to: output, as: format)
    for note in conversion.notes { StandardError.line(Printable.line(note)) }
  }

  private static func layout(_ name: String) throws -> WeightLayout {
    guard
      let layout = WeightLayout.allCases.first(where: {
        $0.rawValue.lowercased() == name.lowercased()
      })
    else {
      let all = WeightLayout.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(name)' is no layout, expected \(all).")
    }
    return layout
  }
}
