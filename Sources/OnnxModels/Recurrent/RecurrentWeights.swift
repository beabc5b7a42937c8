import LinAlg
import Recurrent

/// The weights of a recurrent node as ONNX stacks them: for each direction gate by gate.
struct RecurrentWeights {
  /// `W [directions, G·H, D]`.
  let input: OnnxTensor
  /// `R [directions, G·H, H]`.
  let recurrent: OnnxTensor
  /// `B [directions, 2·G·H]`, those of the inputs first; nil for zeros.
  let biases: OnnxTensor?
  /// `P [directions, 3·H]`, in the order i o f; nil for none.
  let peepholes: OnnxTensor?

  /// `D` and `H`, of shapes that have been checked.
  func sizes(
    _ cell: RecurrentCell, directions: Int, hiddenSize: Int?
  ) throws(OnnxError) -> (input: Int, hidden: Int) {
    guard input.shape.count == 3, recurrent.shape.count == 3 else {
      throw OnnxError(
        .invalid, "W \(input.shape) and R \(recurrent.shape), expected three axes each")
    }
    let (D, H, G) = (input.shape[2], recurrent.shape[2], cell.gates.count)
    guard D > 0, H > 0, H <= Int(Int32.max) / 8, D <= Int(Int32.max) else {
      throw OnnxError(.invalid, "W \(input.shape) and R \(recurrent.shape)")
    }
    func expect(_ name: String, _ tensor: OnnxTensor?, _ shape: [Int]) throws(OnnxError) {
      guard let tensor, tensor.shape != shape else { return }
      throw OnnxError(.invalid, "\(name) is \(tensor.shape), expected \(shape)")
    }
    if let hiddenSize, hiddenSize != H {
      throw OnnxError(.invalid, "hidden_size is \(hiddenSize), R is \(recurrent.shape)")
    }
    try expect("W", input, [directions, G * H, D])
    try expect("R", recurrent, [directions, G * H, H])
    try expect("B", biases, [directions, 2 * G * H])
    try expect("P", peepholes, [directions, 3 * H])
    return (D, H)
  }

  /// The layer of one direction.
  func layer<S: OnnxFloat>(
    _ cell: RecurrentCell, _ definition: CellDefinition, direction: Int, D: Int, H: Int, _: S.Type
  ) throws(OnnxError) -> DefinedLayer<S> {
    var parameters: DefinedParameters<S>
    do {
      parameters = try DefinedParameters(definition, inputSize: D, hiddenSize: H)
    } catch {
      throw OnnxError(.unsupported, "the cell cannot be made: \(error)")
    }
    let G = cell.gates.count
    for (g, gate) in cell.gates.enumerated() {
      if cell.couplesForgetGate && gate == "_f" { continue }
      let row = direction * G + g
      parameters["W" + gate] = matrix(input, at: row * H * D, rows: H, columns: D)
      parameters["U" + gate] = matrix(recurrent, at: row * H * H, rows: H, columns: H)
      guard let biases else { continue }
      let start = direction * 2 * G * H + g * H
      var bias: Matrix<S> = matrix(biases, at: start, rows: 1, columns: H)
      let recurrentBias: Matrix<S> = matrix(biases, at: start + G * H, rows: 1, columns: H)
      if cell.resetsAfterProduct && gate == "_n" {
        parameters["b_hn"] = recurrentBias
      } else {
        for i in 0..<H { bias[0, i] += recurrentBias[0, i] }
      }
      parameters["b" + gate] = bias
    }
    if let peepholes {
      for (g, gate) in ["_i", "_o", "_f"].enumerated() {
        if cell.couplesForgetGate && gate == "_f" { continue }
        parameters["p" + gate] = matrix(
          peepholes, at: (direction * 3 + g) * H, rows: 1, columns: H)
      }
    }
    return DefinedLayer(parameters: parameters)
  }

  private func matrix<S: OnnxFloat>(
    _ tensor: OnnxTensor, at start: Int, rows: Int, columns: Int
  ) -> Matrix<S> {
    tensor.withElements(as: S.self) { all in
      Matrix(
        rows: rows, columns: columns,
        elements: UnsafeBufferPointer(rebasing: all[start..<start + rows * columns]))
    }
  }
}
