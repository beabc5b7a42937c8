import Autodiff
import LinAlg
import Recurrent

/// Looks for layers among the tensors of a file, by the names and shapes that a layout gives them.
///
/// Nothing is allocated for what a file declares: names and shapes are compared, no numbers read.
struct LayerFinder {
  private let file: TensorFile
  private let layout: WeightLayout
  private var taken: Set<String> = []

  init(_ file: TensorFile, _ layout: WeightLayout) { (self.file, self.layout) = (file, layout) }

  /// All layers, in the order of the file.
  mutating func find() -> [FoundLayer] {
    var places: [String: Int] = [:]
    for (i, tensor) in file.tensors.enumerated() { places[tensor.name] = i }
    let layers = recurrentLayers() + otherLayers()
    func place(_ layer: FoundLayer) -> Int {
      layer.tensors.reduce(.max) { min($0, places[$1] ?? .max) }
    }
    return layers.map { (place($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  // MARK: Recurrent layers

  private mutating func recurrentLayers() -> [FoundLayer] {
    var candidates: [FoundLayer] = []
    for kind in [FoundLayer.Kind.lstm, .gru, .rnn] {
      for (isStacked, isBidirectional) in [
        (false, false), (false, true), (true, false), (true, true),
      ] {
        // The first tensor of such a layer has a name that no other of its tensors has.
        var place = LayerPlace(TensorFile(), "", layout, "")
        (place.isStacked, place.isBidirectional) = (isStacked, isBidirectional)
        guard let cell = Self.cell(kind, place),
          let first = (try? place.forms(cell))?.tensors.first?.name
        else { continue }
        for tensor in file.tensors where tensor.name.hasSuffix(first) {
          let prefix = String(tensor.name.dropLast(first.count))
          guard isPrefix(prefix) else { continue }
          place = LayerPlace(file, "", layout, prefix)
          (place.isStacked, place.isBidirectional) = (isStacked, isBidirectional)
          if let layer = layer(kind, place) { candidates.append(layer) }
        }
      }
    }
    // Whatever explains most: a stack before its first layer, both directions before one.
    candidates.sort {
      ($1.tensors.count, $0.prefix.count, $0.isStacked ? 1 : 0)
        < ($0.tensors.count, $1.prefix.count, $1.isStacked ? 1 : 0)
    }
    var result: [FoundLayer] = []
    for layer in candidates where taken.isDisjoint(with: layer.tensors) {
      taken.formUnion(layer.tensors)
      result.append(layer)
    }
    return result
  }

  /// Names end where a part's name ends, not within a word.
  private func isPrefix(_ prefix: String) -> Bool {
    prefix.isEmpty || prefix.hasSuffix(layout.separator)
  }

  /// A cell of a kind as the tensors at a place have it; nil where the layout has none, or none fits.
  private static func cell(_ kind: FoundLayer.Kind, _ place: LayerPlace) -> CellPlace? {
    switch kind {
    case .lstm: try? LSTM<Float>.cell(at: place)
    case .gru: try? GRU<Float>.cell(at: place)
    case .rnn: try? SimpleRNN<Float>.cell(at: place)
    case .embedding, .linear, .layerNorm: nil
    }
  }

  /// The layer of a kind that begins at a place, as many layers high as fit on each other.
  private func layer(_ kind: FoundLayer.Kind, _ place: LayerPlace) -> FoundLayer? {
    var place = place
    var names: [String] = []
    var first: (input: Int, hidden: Int)?
    var output = 0
    let directions = place.isBidirectional ? 2 : 1
    while let cell = Self.cell(kind, place), let sizes = try? place.sizes(cell),
      let forms = try? place.forms(cell)
    {
      guard first == nil || sizes.input == output else { break }
      if first == nil { first = (sizes.input, sizes.hidden) }
      output = sizes.output * directions
      names += forms.tensors.map { $0.fullName(place.prefix) }.filter { file[$0] != nil }
      place.layer += 1
      if !place.isStacked { break }
    }
    guard let first else { return nil }
    return FoundLayer(
      kind: kind, layout: layout, prefix: place.prefix, layers: place.layer,
      directions: directions, inputSize: first.input, hiddenSize: first.hidden, outputSize: output,
      tensors: names, isStacked: place.isStacked)
  }

  // MARK: Other layers

  private mutating func otherLayers() -> [FoundLayer] {
    var result: [FoundLayer] = []
    for tensor in file.tensors where !taken.contains(tensor.name) {
      guard let layer = embedding(tensor) ?? linear(tensor) ?? normalization(tensor) else {
        continue
      }
      taken.formUnion(layer.tensors)
      result.append(layer)
    }
    return result
  }

  /// The part of a name before `last`, where it ends so.
  private func prefix(_ name: String, _ last: String) -> String? {
    guard name.hasSuffix(last), isPrefix(String(name.dropLast(last.count))) else { return nil }
    return String(name.dropLast(last.count))
  }

  private func layer(
    _ kind: FoundLayer.Kind, _ prefix: String, _ sizes: (Int, Int), _ tensors: [String]
  ) -> FoundLayer {
    FoundLayer(
      kind: kind, layout: layout, prefix: prefix, layers: 1, directions: 1, inputSize: sizes.0,
      hiddenSize: sizes.1, outputSize: sizes.1, tensors: tensors, isStacked: false)
  }

  private func embedding(_ tensor: Tensor) -> FoundLayer? {
    let sample = Embedding<Float>(parameters: EmbeddingParameters(vocabularySize: 1, features: 1))
    guard let form = (try? sample.weightForms(in: layout))?.tensors.first,
      let prefix = prefix(tensor.name, form.name), isMatrix(tensor)
    else { return nil }
    // Where a linear layer's matrix has the same name, a bias or the part's name tells.
    if form.name == linearForms?.tensors[0].name {
      let bias = linearForms?.tensors[1].name ?? ""
      let isCalledSo = layout == .native || prefix.lowercased().contains("emb")
      guard isCalledSo, file[prefix + bias] == nil else { return nil }
    }
    let (V, D) =
      layout == .flux ? (tensor.shape[1], tensor.shape[0]) : (tensor.shape[0], tensor.shape[1])
    return layer(.embedding, prefix, (V, D), [tensor.name])
  }

  private var linearForms: WeightForms? {
    try? Linear<Float>(parameters: LinearParameters(inputSize: 1, outputSize: 1))
      .weightForms(in: layout)
  }

  private func linear(_ tensor: Tensor) -> FoundLayer? {
    guard let forms = linearForms, let prefix = prefix(tensor.name, forms.tensors[0].name),
      isMatrix(tensor)
    else { return nil }
    let isTransposed = layout == .keras
    let (D, K) = (tensor.shape[isTransposed ? 0 : 1], tensor.shape[isTransposed ? 1 : 0])
    let bias = file[prefix + forms.tensors[1].name]
    if let bias, bias.shape != [K] || taken.contains(bias.name) { return nil }
    if bias == nil && !forms.tensors[1].isBias { return nil }
    return layer(.linear, prefix, (D, K), [tensor.name] + (bias.map { [$0.name] } ?? []))
  }

  private func normalization(_ tensor: Tensor) -> FoundLayer? {
    let sample = LayerNorm<Float>(features: 1)
    guard let forms = try? sample.weightForms(in: layout),
      let prefix = prefix(tensor.name, forms.tensors[0].name),
      tensor.shape.count == 1, tensor.shape[0] > 0,
      let bias = file[prefix + forms.tensors[1].name], bias.shape == tensor.shape,
      !taken.contains(bias.name),
      // That of a batch has the same names, and these besides.
      file[prefix + "running_mean"] == nil, file[prefix + "moving_mean"] == nil
    else { return nil }
    return layer(
      .layerNorm, prefix, (tensor.shape[0], tensor.shape[0]), [tensor.name, bias.name])
  }

  private func isMatrix(_ tensor: Tensor) -> Bool {
    tensor.shape.count == 2 && tensor.shape.allSatisfy { $0 > 0 }
  }
}
