import LinAlg
import Recurrent

/// Where a layer's tensors are: a file, a layout, what their names begin with, and the place in a stack.
public struct LayerPlace: Sendable {
  let file: TensorFile
  let path: String
  let layout: WeightLayout
  let prefix: String
  var layer = 0
  var isStacked = false
  var isBidirectional = false

  init(_ file: TensorFile, _ path: String, _ layout: WeightLayout, _ prefix: String) {
    (self.file, self.path, self.layout, self.prefix) = (file, path, layout, prefix)
  }

  /// The tensors of a layer here whose directions are all like `cell`.
  func forms(_ cell: CellPlace) throws(WeightsError) -> WeightForms {
    var forms = WeightForms()
    do {
      try forms.add(
        isBidirectional ? [cell, cell] : [cell], layer: layer, isStacked: isStacked, in: layout)
    } catch {
      throw error.of(path)
    }
    return forms
  }

  /// Whether the file has the first tensor of a layer like `cell` here.
  func hasLayer(_ cell: CellPlace) throws(WeightsError) -> Bool {
    let forms = try forms(cell)
    return forms.tensors.first.map { file[$0.fullName(prefix)] != nil } ?? false
  }

  /// The sizes of a layer like `cell` here, which was made with sizes that tell one extent from the other.
  ///
  /// Every matrix is held against them before anything is allocated.
  func sizes(_ cell: CellPlace) throws(WeightsError) -> (input: Int, hidden: Int, output: Int) {
    let known = [cell.inputSize, cell.hiddenSize, cell.outputSize]
    var sizes: [Int: Int] = [:]
    var error = WeightsError(path: path)
    let matrices = try forms(cell).tensors.filter { !$0.isBias }
    for isChecked in [false, true] {
      for form in matrices {
        let name = form.fullName(prefix)
        guard let tensor = file[name] else {
          if isChecked { error.missing.append(name) }
          continue
        }
        var expected = form.shape
        for (axis, extent) in form.shape.enumerated() {
          // Everything else is a number of gates or directions.
          guard let size = known.first(where: { extent % $0 == 0 }) else { continue }
          let gates = extent / size
          if sizes[size] == nil, tensor.shape.count == form.shape.count,
            tensor.shape[axis] % gates == 0, tensor.shape[axis] > 0
          {
            sizes[size] = tensor.shape[axis] / gates
          }
          expected[axis] = (sizes[size] ?? 0) * gates
        }
        if isChecked && tensor.shape != expected {
          error.misshaped.append(
            WeightsError.Misshaped(name: name, shape: tensor.shape, expected: expected))
        }
      }
    }
    guard error.missing.isEmpty, error.misshaped.isEmpty, let D = sizes[cell.inputSize],
      let H = sizes[cell.hiddenSize], let P = sizes[cell.outputSize]
    else { throw error }
    return (D, H, P)
  }

  /// The shape of a tensor of a layer like `cell` here that begins so; nil where there is none.
  func shape(ofLast name: String, _ cell: CellPlace) throws(WeightsError) -> [Int]? {
    for form in try forms(cell).tensors where form.name.hasSuffix(name) {
      return file[form.fullName(prefix)]?.shape
    }
    return nil
  }
}

/// Primes: what an extent is a multiple of says which size it has, times a number of gates.
enum SampleSizes {
  static let (input, hidden, output) = (5, 13, 11)
}
