import Autodiff
import LinAlg
import Recurrent

extension Model {
  /// Replaces the weights of all parts by those of an opened file.
  ///
  /// The tensors of a part are called by the names that ``visitParts(_:)`` gives it, a point (in Keras's layout
  /// a slash), and its own: `encoder.weight_ih_l0`. The model has its sizes already.
  ///
  /// - Parameters:
  ///   - file: an opened file.
  ///   - layout: whose weights they are.
  ///   - prefix: what all names begin with.
  ///   - path: what errors call the file.
  /// - Throws: ``WeightsError`` with all tensors that are missing, unexpected or misshaped; the model is then as
  ///   it was.
  public mutating func readWeights(
    from file: TensorFile, layout: WeightLayout, prefix: String = "", path: String = ""
  ) throws(WeightsError) {
    let finder = handParts(
      to: PartFinder<Scalar>(
        file: file, layout: layout, prefix: prefix, search: WeightSearch(file, path: path)))
    var search = finder.search
    search.expectNothingElse(below: prefix)
    try search.check()
    var copy = self
    let filler = copy.handParts(to: PartFiller<Scalar>(layout: layout, found: finder.found))
    if let error = filler.error { throw WeightsError(error).of(path) }
    self = copy
  }

  /// Replaces the weights of all parts by those of a file.
  ///
  /// ```swift
  /// try tagger.readWeights(contentsOf: "tagger.safetensors", layout: .pytorch)
  /// ```
  /// - Parameters:
  ///   - path: of a file in any format of ``TensorFile``.
  ///   - layout: whose weights they are.
  ///   - prefix: what all names begin with.
  /// - Throws: ``WeightsError`` with all tensors that are missing, unexpected or misshaped, or why the file
  ///   cannot be read; the model is then as it was.
  public mutating func readWeights(
    contentsOf path: String, layout: WeightLayout, prefix: String = ""
  ) throws(WeightsError) {
    try readWeights(from: TensorFile.opened(path), layout: layout, prefix: prefix, path: path)
  }

  /// The tensors of all parts in a layout, called as ``readWeights(from:layout:prefix:path:)`` says.
  ///
  /// - Throws: all parts that the layout cannot express, with the reasons.
  public func tensors(
    layout: WeightLayout, prefix: String = "", as elementType: ElementType? = nil
  ) throws(WeightsError) -> [Tensor] {
    var copy = self
    let writer = copy.handParts(
      to: PartWriter<Scalar>(
        layout: layout, prefix: prefix, elementType: elementType,
        search: WeightSearch(TensorFile(), path: "")))
    try writer.search.check()
    return writer.tensors
  }

  /// Writes the tensors of all parts to a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: where; its ending says the format: `.safetensors`, `.npz`.
  ///   - layout: how.
  ///   - prefix: what all names begin with.
  ///   - elementType: what the numbers are stored as; nil keeps them.
  /// - Throws: all parts that the layout cannot express, or why the file cannot be written.
  public func write(
    to path: String, layout: WeightLayout, prefix: String = "",
    as elementType: ElementType? = nil
  ) throws(WeightsError) {
    try TensorFile.writeWeights(to: path) { () throws(WeightsError) in
      try tensors(layout: layout, prefix: prefix, as: elementType)
    }
  }
}

/// What a part is in a layout: as itself, or in this package's own layout as its blocks are.
private func forms<Part: Trainable>(
  of part: Part, _ layout: WeightLayout
) throws(WeightsError) -> WeightForms {
  // A layer that is made of others in ways that layouts do not know has its blocks all the same.
  if layout == .native {
    if let part = part as? any WeightConvertible, let own = try? part.weightForms(in: layout) {
      return own
    }
    return WeightForms(blocksOf: part.parameters)
  }
  guard let part = part as? any WeightConvertible else {
    throw WeightsError(reason: "\(layout.rawValue) has no \(Part.self)")
  }
  return try part.weightForms(in: layout)
}

extension WeightForms {
  /// The tensors of all blocks, which have their number before their names where there are several.
  fileprivate init<Parameters: ParameterSet>(blocksOf parameters: Parameters) {
    for index in 0..<parameters.blockCount {
      var start = 0
      for spec in parameters[block: index].specs {
        tensors.append(
          TensorForm(
            name: parameters.blockCount > 1 ? "\(index).\(spec.name)" : spec.name,
            shape: spec.rows == 1 ? [spec.columns] : [spec.rows, spec.columns],
            pieces: [
              WeightPiece(
                rowStride: spec.columns, block: index, start: start, rows: spec.rows,
                columns: spec.columns)
            ]))
        start += spec.count
      }
    }
  }
}

extension WeightLayout {
  /// What the names of a part's tensors begin with.
  fileprivate func prefix(_ prefix: String, ofPart name: String) -> String {
    let path = separator == "." ? name : name.split(separator: ".").joined(separator: separator)
    return prefix + path + separator
  }
}

/// Looks for the tensors of all parts.
private struct PartFinder<Scalar: RecurrentScalar>: PartReceiver {
  let file: TensorFile
  let layout: WeightLayout
  let prefix: String
  var search: WeightSearch
  /// Part by part.
  var found: [[Tensor?]] = []

  mutating func receive<Part: Trainable<Scalar>>(_ name: String, _ part: inout Part) {
    do throws(WeightsError) {
      found.append(
        search.find(try forms(of: part, layout), layout.prefix(prefix, ofPart: name)))
    } catch {
      search.note(error.reason ?? error.description, of: name)
      found.append([])
    }
  }
}

/// Reads the tensors that were found.
private struct PartFiller<Scalar: RecurrentScalar>: PartReceiver {
  let layout: WeightLayout
  let found: [[Tensor?]]
  var part = 0
  var error: ModelFileError?

  mutating func receive<Part: Trainable<Scalar>>(_ name: String, _ part: inout Part) {
    defer { self.part += 1 }
    guard error == nil, let forms = try? forms(of: part, layout) else { return }
    do throws(ModelFileError) {
      try part.parameters.read(found[self.part], as: forms)
    } catch {
      self.error = error
    }
  }
}

/// Makes the tensors of all parts.
private struct PartWriter<Scalar: RecurrentScalar>: PartReceiver {
  let layout: WeightLayout
  let prefix: String
  let elementType: ElementType?
  var search: WeightSearch
  var tensors: [Tensor] = []

  mutating func receive<Part: Trainable<Scalar>>(_ name: String, _ part: inout Part) {
    do throws(WeightsError) {
      tensors += try part.parameters.tensors(
        try forms(of: part, layout), layout, layout.prefix(prefix, ofPart: name), elementType)
    } catch {
      search.note(error.reason ?? error.description, of: name)
    }
  }
}
