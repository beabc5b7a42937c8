import ModelFiles
import OnnxModels

/// A model and what it is run on: everything that can be checked before a run has been.
///
/// Streamed, the model is run once for each step. The inputs given have time as their first axis; a step is
/// given its place of that axis, which is left out where the model's input has one axis less, and stays with a
/// size of 1 where it has as many. Inputs of ``constants`` are given whole at every step. An input that is
/// fed back begins with what is given for it, else with zeros.
struct RunPlan {
  let model: OnnxModel
  let path: String
  /// What each input is given; without streams, for the one run.
  private(set) var given: [String: OnnxTensor] = [:]
  private(set) var feedbacks: [Feedback] = []
  /// The inputs that have a step for each place of their first axis.
  private(set) var stepped: Set<String> = []
  /// How many steps there are; nil where the model is not streamed.
  private(set) var steps: Int?
  /// Whether a step's inputs keep the first axis.
  private(set) var keepsAxis = false

  /// - Throws: ``ToolError``: exit 64 where names are missing, unknown or given twice, 66 where a file is not
  ///   there, 65 where one does not fit.
  init(
    _ model: OnnxModel, path: String, inputs: [NamedFile], constants: [NamedFile] = [],
    feedbacks: [Feedback] = []
  ) throws(ToolError) {
    (self.model, self.path, self.feedbacks) = (model, path, feedbacks)
    try checkNames(inputs + constants)
    let fed = Set(feedbacks.map(\.input))
    if !feedbacks.isEmpty { stepped = Set(inputs.map(\.name)).subtracting(fed) }
    for file in inputs + constants {
      guard let value = model.inputs.first(where: { $0.name == file.name }) else { continue }
      given[file.name] = try Self.tensor(file, value)
      if !stepped.contains(file.name) { try check(file, value) }
    }
    guard !feedbacks.isEmpty else { return }
    try checkSteps(inputs)
    try fillStates()
  }

  // MARK: Names

  private func checkNames(_ files: [NamedFile]) throws(ToolError) {
    let (inputs, outputs) = (model.inputs.map(\.name), model.outputs.map(\.name))
    var seen = Set<String>()
    for file in files {
      guard inputs.contains(file.name) else {
        throw .usage("\(path): has no input '\(file.name)', expected \(Self.list(inputs))")
      }
      guard seen.insert(file.name).inserted else {
        throw .usage("input '\(file.name)' is given twice")
      }
    }
    var (sources, targets) = (Set<String>(), Set<String>())
    for feedback in feedbacks {
      guard let output = model.outputs.first(where: { $0.name == feedback.output }) else {
        throw .usage(
          "\(path): --stream: has no output '\(feedback.output)', expected \(Self.list(outputs))")
      }
      guard let input = model.inputs.first(where: { $0.name == feedback.input }) else {
        throw .usage(
          "\(path): --stream: has no input '\(feedback.input)', expected \(Self.list(inputs))")
      }
      guard output.type == input.type else {
        throw .usage(
          "\(path): --stream: output '\(output.name)' is \(output), input '\(input.name)' \(input)")
      }
      guard sources.insert(output.name).inserted, targets.insert(input.name).inserted else {
        throw .usage("--stream: '\(feedback.output)=\(feedback.input)': a name is given twice")
      }
      seen.insert(feedback.input)
    }
    let missing = model.inputs.filter { !seen.contains($0.name) }
    guard missing.isEmpty else {
      let all = missing.map { "--input \($0.name)=FILE (\($0))" }.joined(separator: ", ")
      throw .usage("\(path): missing \(all)")
    }
  }

  private static func list(_ names: [String]) -> String {
    names.map { "'\($0)'" }.joined(separator: ", ")
  }

  // MARK: Files

  /// The tensor of a file that is meant for an input: the one that it holds, or that of the input's name.
  private static func tensor(
    _ file: NamedFile, _ value: OnnxValue
  ) throws(ToolError) -> OnnxTensor {
    let tensors = try InputFile.tensors(file.path)
    let found = tensors.tensors.count == 1 ? tensors.tensors[0] : tensors[file.name]
    guard let found else {
      throw .data(
        "\(file.path): has \(tensors.tensors.count) tensors, expected one or '\(file.name)'")
    }
    let tensor: OnnxTensor?
    do {
      tensor = try OnnxTensor(found, path: file.path)
    } catch {
      throw ToolError(error)
    }
    guard let tensor, tensor.type == value.type else {
      throw .data(
        """
        \(file.path): input '\(file.name)' is given \(found.elementType.rawValue) \(found.shape), \
        expected \(value)
        """)
    }
    return tensor
  }

  /// Holds what is given as a whole against what the model says of the input.
  private func check(_ file: NamedFile, _ value: OnnxValue) throws(ToolError) {
    guard let tensor = given[file.name], !Self.fits(tensor.shape[...], value.shape) else { return }
    throw .data("\(file.path): input '\(file.name)' is given \(tensor), expected \(value)")
  }

  private static func fits(_ shape: ArraySlice<Int>, _ sizes: [OnnxValue.Size]?) -> Bool {
    guard let sizes else { return true }
    return shape.count == sizes.count
      && zip(shape, sizes).allSatisfy { given, size in
        if case .fixed(let size) = size { size == given } else { true }
      }
  }

  // MARK: Steps

  private mutating func checkSteps(_ files: [NamedFile]) throws(ToolError) {
    guard !stepped.isEmpty else {
      throw .usage("--stream needs an --input whose first axis is time")
    }
    var kept: [String: Bool] = [:]
    for file in files where stepped.contains(file.name) {
      guard let tensor = given[file.name],
        let value = model.inputs.first(where: { $0.name == file.name })
      else { continue }
      let shape = tensor.shape
      let keeps = value.shape?.count == shape.count
      let step = keeps ? [1] + shape.dropFirst() : Array(shape.dropFirst())
      guard !shape.isEmpty, Self.fits(step[...], value.shape) else {
        throw .data(
          """
          \(file.path): input '\(file.name)' is given \(tensor), expected steps of \(value) along a first \
          axis; --constant gives it whole
          """)
      }
      guard shape[0] > 0, steps == nil || steps == shape[0] else {
        throw .data(
          "\(file.path): input '\(file.name)' has \(shape[0]) steps, expected \(steps ?? 1)"
            + (steps == nil ? " or more" : ""))
      }
      steps = shape[0]
      kept[file.name] = keeps
    }
    keepsAxis = kept.values.allSatisfy { $0 }
    guard keepsAxis || !kept.values.contains(true) else {
      let names = Self.list(kept.filter(\.value).keys.sorted())
      throw .data(
        "\(path): \(names) would keep the axis of time and others not, expected all alike")
    }
  }

  /// What a step is given besides the states.
  func inputs(ofStep t: Int) -> [String: OnnxTensor] {
    var result = given
    for name in stepped { result[name] = given[name]?.step(t, keepsAxis: keepsAxis) }
    return result
  }

  /// Zeros for the states that are not given, whose sizes the model says or the other inputs.
  private mutating func fillStates() throws(ToolError) {
    var sizes: [String: Int] = [:]
    let first = inputs(ofStep: 0)
    for value in model.inputs {
      for (size, extent) in zip(value.shape ?? [], first[value.name]?.shape ?? []) {
        if case .named(let name) = size { sizes[name] = extent }
      }
    }
    for feedback in feedbacks where given[feedback.input] == nil {
      guard let value = model.inputs.first(where: { $0.name == feedback.input }) else { continue }
      var shape: [Int] = []
      for size in value.shape ?? [.any] {
        switch size {
        case .fixed(let size): shape.append(size)
        case .named(let name) where sizes[name] != nil: shape.append(sizes[name] ?? 0)
        default:
          throw .usage(
            "\(path): the sizes of '\(value.name)' (\(value)) are not known, "
              + "expected --input \(value.name)=FILE with what it begins with")
        }
      }
      guard let count = ElementType.float64.byteCount(ofShape: shape + [2]), count <= 1 << 33
      else {
        throw .data("\(path): '\(value.name)' is \(value), too large for zeros")
      }
      given[value.name] = .zeros(value.type, shape)
    }
  }
}
