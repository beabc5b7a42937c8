import Autodiff
import LinAlg
import Recurrent

/// A layer whose weights other libraries have, too.
public protocol WeightConvertible<Scalar>: Trainable {
  /// What the layer's tensors are in a layout.
  ///
  /// - Throws: what the layout cannot express, with the reason.
  func weightForms(in layout: WeightLayout) throws(WeightsError) -> WeightForms
}

extension WeightConvertible {
  /// The layer's tensors in a layout.
  ///
  /// - Parameters:
  ///   - layout: whose.
  ///   - prefix: what their names begin with, such as `encoder.`.
  ///   - elementType: what the numbers are stored as; nil keeps them.
  /// - Throws: what the layout cannot express, with the reason.
  public func tensors(
    layout: WeightLayout, prefix: String = "", as elementType: ElementType? = nil
  ) throws(WeightsError) -> [Tensor] {
    try parameters.tensors(weightForms(in: layout), layout, prefix, elementType)
  }

  /// Replaces the weights by those of a file, which has tensors of this layer's shapes.
  ///
  /// Biases may be missing if all are: libraries have layers without, and theirs are zero.
  ///
  /// - Parameters:
  ///   - file: an opened file.
  ///   - layout: how it has them.
  ///   - prefix: what the names of this layer's tensors begin with.
  ///   - path: what errors call the file.
  /// - Throws: ``WeightsError`` with all tensors that are missing, unexpected or of another shape; the layer
  ///   is then as it was. Unexpected are those that begin with the prefix and have no further part in their
  ///   names.
  public mutating func readWeights(
    from file: TensorFile, layout: WeightLayout, prefix: String = "", path: String = ""
  ) throws(WeightsError) {
    var parameters = self.parameters
    let forms: WeightForms
    do {
      forms = try weightForms(in: layout)
    } catch {
      throw error.of(path)
    }
    try parameters.read(forms, from: file, prefix, path)
    self.parameters = parameters
  }

  /// Writes the layer's tensors to a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: where; its ending says the format: `.safetensors`, `.npz`.
  ///   - layout: how.
  ///   - prefix: what their names begin with.
  ///   - elementType: what the numbers are stored as; nil keeps them.
  /// - Throws: what the layout cannot express, or why the file cannot be written.
  public func write(
    to path: String, layout: WeightLayout, prefix: String = "",
    as elementType: ElementType? = nil
  ) throws(WeightsError) {
    try TensorFile.writeWeights(to: path) { () throws(WeightsError) in
      try tensors(layout: layout, prefix: prefix, as: elementType)
    }
  }
}

extension ParameterSet {
  /// Reads the tensors of these parameters out of a file, which has no others under the prefix.
  mutating func read(
    _ forms: WeightForms, from file: TensorFile, _ prefix: String, _ path: String
  ) throws(WeightsError) {
    var search = WeightSearch(file, path: path)
    let found = search.find(forms, prefix)
    search.expectNothingElse(under: prefix)
    try search.check()
    do throws(ModelFileError) {
      try read(found, as: forms)
    } catch {
      throw WeightsError(error)
    }
  }

  /// The tensors of these parameters.
  func tensors(
    _ forms: WeightForms, _ layout: WeightLayout, _ prefix: String, _ elementType: ElementType?
  ) throws(WeightsError) -> [Tensor] {
    for (name, piece) in forms.zeros where !isZero(piece) {
      throw WeightsError(
        reason: "\(layout.rawValue) has no place for \(name), which must be zero and is not")
    }
    return forms.tensors.map { form in
      let name = form.fullName(prefix)
      if let piece = form.wholePiece {
        return Tensor(
          name, shape: form.shape, of: self[block: piece.block], from: piece.start, as: elementType)
      }
      return Tensor(name, shape: form.shape, values(of: form), as: elementType)
    }
  }
}

extension TensorFile {
  /// Writes what `tensors` makes; errors name the file.
  static func writeWeights(
    to path: String, _ tensors: () throws(WeightsError) -> [Tensor]
  ) throws(WeightsError) {
    let file: TensorFile
    do {
      file = TensorFile(try tensors())
    } catch {
      throw error.of(path)
    }
    do {
      try file.write(to: path)
    } catch {
      throw WeightsError(error)
    }
  }

  static func opened(_ path: String) throws(WeightsError) -> TensorFile {
    do {
      return try TensorFile(contentsOf: path)
    } catch {
      throw WeightsError(error)
    }
  }
}

extension TensorForm {
  /// The name of the tensor in a file. One without a name of its own is called as the prefix says.
  func fullName(_ prefix: String) -> String {
    guard name.isEmpty else { return prefix + name }
    return prefix.hasSuffix(".") || prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
  }
}

/// Looks for tensors in a file, and notes all that is wrong.
struct WeightSearch {
  private let file: TensorFile
  private var taken: Set<String> = []
  private var error: WeightsError

  init(_ file: TensorFile, path: String) {
    self.file = file
    error = WeightsError(path: path)
  }

  /// The tensors of a layer, nil for a bias where the file has no bias of it.
  mutating func find(_ forms: WeightForms, _ prefix: String) -> [Tensor?] {
    let hasBias = forms.tensors.contains { $0.isBias && file[$0.fullName(prefix)] != nil }
    return forms.tensors.map { form in
      let name = form.fullName(prefix)
      guard let tensor = file[name] else {
        if !form.isBias || hasBias { error.missing.append(name) }
        return nil
      }
      taken.insert(tensor.name)
      if tensor.shape != form.shape {
        error.misshaped.append(
          WeightsError.Misshaped(name: name, shape: tensor.shape, expected: form.shape))
      }
      return tensor
    }
  }

  /// Notes what begins with a prefix, was not looked for and is no part of something else.
  mutating func expectNothingElse(under prefix: String) {
    for tensor in file.tensors where tensor.name.hasPrefix(prefix) && !taken.contains(tensor.name) {
      let rest = tensor.name.dropFirst(prefix.count)
      if !rest.contains(".") && !rest.contains("/") { error.unexpected.append(tensor.name) }
    }
  }

  /// Notes all that begins with a prefix and was not looked for.
  mutating func expectNothingElse(below prefix: String) {
    for tensor in file.tensors where tensor.name.hasPrefix(prefix) && !taken.contains(tensor.name) {
      error.unexpected.append(tensor.name)
    }
  }

  /// Notes what a part of a model says, which is called so.
  mutating func note(_ reason: String, of part: String) {
    error.reason = (error.reason.map { $0 + "\n  " } ?? "") + "\(part): \(reason)"
  }

  func check() throws(WeightsError) {
    if error.reason != nil || !error.missing.isEmpty || !error.unexpected.isEmpty
      || !error.misshaped.isEmpty
    {
      throw error
    }
  }
}
