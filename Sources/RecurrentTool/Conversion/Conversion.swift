import Charts
import ModelFiles
import OnnxModels
import Recurrent

/// What `convert` does to a file on its way, and what it says about it.
struct Conversion {
  var source: WeightLayout?
  var target: WeightLayout?
  var candidate: GRUOptions.Candidate?
  var renamings: [Renaming] = []
  var type: NumberType?
  /// What the user should know, one line each.
  private(set) var notes: [String] = []

  init(
    from source: WeightLayout? = nil, to target: WeightLayout? = nil,
    candidate: GRUOptions.Candidate? = nil, renamings: [Renaming] = [], type: NumberType? = nil
  ) {
    (self.source, self.target, self.candidate) = (source, target, candidate)
    (self.renamings, self.type) = (renamings, type)
  }

  /// The tensors of the file at `path`, as they are to be written in a format.
  ///
  /// - Throws: ``ToolError``: exit 66 where there is no such file, 65 where it cannot be done with this one.
  mutating func run(
    _ path: String, format: TensorFile.Format, progress: Progress
  ) throws(ToolError) -> TensorFile {
    var file = try read(path)
    if let target { file = try translated(file, to: target, path: path) }
    file = try file.renamed(renamings, path: path)
    if let type {
      let (converted, overflowed) = try file.converted(to: type, progress: progress)
      file = converted
      for name in overflowed {
        notes.append("'\(name)' has numbers too large for \(type.rawValue): they became infinite")
      }
    }
    progress.end()
    if format != .safetensors && !file.metadata.isEmpty {
      notes.append("\(file.metadata.count) texts are left out: only safetensors files keep them")
      file.metadata = [:]
    }
    guard format != .npy || file.tensors.count == 1 else {
      throw .data(
        "\(path): has \(file.tensors.count) tensors, expected one for .npy; .npz holds many")
    }
    return file
  }

  private mutating func read(_ path: String) throws(ToolError) -> TensorFile {
    guard InputFile.isOnnx(path), target != nil else { return try InputFile.tensors(path) }
    let outline = try InputFile.outline(path)
    let tensors = try outline.allTensors(path: path)
    if source == nil { source = .onnx }
    return source == .onnx ? named(tensors, as: outline) : tensors
  }

  /// The tensors of an ONNX graph with those of recurrent nodes called as their operators call them.
  private mutating func named(_ tensors: TensorFile, as outline: OnnxOutline) -> TensorFile {
    var names: [String: String] = [:]
    for (node, prefix) in zip(outline.recurrentNodes, Self.prefixes(outline.recurrentNodes)) {
      for (weight, letter) in zip(node.weights, ["W", "R", "B"]) where names[weight] == nil {
        names[weight] = prefix + letter
      }
    }
    // All or none: a name that is taken already would be there twice.
    let own = Set(tensors.tensors.map(\.name)).subtracting(names.keys)
    guard own.isDisjoint(with: names.values), Set(names.values).count == names.count else {
      return tensors
    }
    let resets = Set(outline.recurrentNodes.filter { $0.type == "GRU" }.map(\.resetsAfter))
    if candidate == nil, resets.count == 1 {
      candidate = resets.contains(true) ? .resetAfter : .resetBefore
    }
    var result = TensorFile([], metadata: tensors.metadata)
    for tensor in tensors.tensors { result.append(tensor.named(names[tensor.name] ?? tensor.name)) }
    return result
  }

  /// What the names of the nodes' tensors begin with: `/encoder/lstm/LSTM`, as PyTorch's exporter calls the one
  /// node of a layer, is at `encoder.lstm.`, and the nodes of several layers at `encoder.lstm.0.` and so on.
  private static func prefixes(_ nodes: [OnnxOutline.RecurrentNode]) -> [String] {
    var seen: [String: Int] = [:]
    let parents = nodes.map { node in
      var path = node.name.split(separator: "/").map(String.init)
      if let last = path.last, last == node.type || last.hasPrefix(node.type + "_") {
        path.removeLast()
      }
      if path.isEmpty { path = [node.type.lowercased()] }
      return path.joined(separator: ".") + "."
    }
    let counts = parents.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    return parents.map { parent in
      guard counts[parent] ?? 0 > 1 else { return parent }
      seen[parent, default: 0] += 1
      return "\(parent)\((seen[parent] ?? 1) - 1)."
    }
  }

  private mutating func translated(
    _ file: TensorFile, to target: WeightLayout, path: String
  ) throws(ToolError) -> TensorFile {
    guard let source = source ?? file.guessedLayout else {
      throw .data("\(path): no layout has such recurrent layers, expected --from LAYOUT")
    }
    let (result, layers): (TensorFile, [FoundLayer])
    do {
      (result, layers) = try file.translated(
        to: target, from: source, candidate: candidate, path: path)
    } catch {
      throw .data(error.description)
    }
    guard !layers.isEmpty else {
      throw .data("\(path): has no layers as \(source.rawValue) has them")
    }
    for layer in layers {
      let name = layer.prefix.isEmpty ? layer.tensors[0] : layer.prefix + "*"
      notes.append("\(name): \(layer), \(source.rawValue) → \(target.rawValue)")
    }
    let taken = Set(layers.flatMap(\.tensors))
    let rest = file.tensors.filter { !taken.contains($0.name) }.map { "'\($0.name)'" }
    if !rest.isEmpty {
      let shown = rest.prefix(5).joined(separator: ", ") + (rest.count > 5 ? ", …" : "")
      notes.append(
        "part of no layer, and as before: \(rest.count) of \(file.tensors.count), \(shown)")
    }
    return result
  }
}
