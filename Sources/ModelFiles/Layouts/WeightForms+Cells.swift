import LinAlg
import Recurrent

extension WeightForms {
  /// The tensors of a recurrent layer, of one cell or of several.
  ///
  /// - Throws: what the layout cannot express.
  init(_ cells: LayerCells, in layout: WeightLayout) throws(WeightsError) {
    for (k, directions) in cells.layers.enumerated() {
      try add(directions, layer: k, isStacked: cells.isStacked, in: layout)
    }
  }

  /// The tensors of one layer of a stack, or of one that is none.
  mutating func add(
    _ directions: [CellPlace], layer k: Int, isStacked: Bool, in layout: WeightLayout
  ) throws(WeightsError) {
    for cell in directions {
      if let reason = cell.refusal(in: layout) { throw WeightsError(reason: reason) }
    }
    let names = CellNames(
      layout, layer: k, isStacked: isStacked, isBidirectional: directions.count == 2)
    switch layout {
    case .native:
      for (d, cell) in directions.enumerated() { addNative(cell, names.path(d, cell.kind)) }
    case .pytorch: for (d, cell) in directions.enumerated() { addPyTorch(cell, names.suffix(d)) }
    case .keras, .haste, .mlx, .flux:
      for (d, cell) in directions.enumerated() {
        addDense(cell, layout, names.path(d, cell.kind))
      }
    case .onnx: addONNX(directions, names.path(0, directions[0].kind))
    case .oneDNN: addOneDNN(directions, names.path(0, directions[0].kind))
    case .cuDNN:
      for (d, cell) in directions.enumerated() {
        addCuDNN(cell, "pseudo_layer_\(k * directions.count + d).")
      }
    }
  }

  private mutating func add(
    _ name: String, _ shape: [Int], _ pieces: [WeightPiece], isBias: Bool = false
  ) {
    tensors.append(TensorForm(name: name, shape: shape, pieces: pieces, isBias: isBias))
  }

  private mutating func addNative(_ cell: CellPlace, _ path: String) {
    var start = 0
    for spec in cell.specs {
      add(
        path + spec.name, spec.rows == 1 ? [spec.columns] : [spec.rows, spec.columns],
        [
          WeightPiece(
            rowStride: spec.columns, block: cell.block, start: start, rows: spec.rows,
            columns: spec.columns)
        ])
      start += spec.count
    }
  }

  private mutating func addPyTorch(_ cell: CellPlace, _ suffix: String) {
    let (GH, gates) = (cell.gates.count * cell.hiddenSize, WeightLayout.pytorch.gates(cell.kind))
    add("weight_ih" + suffix, [GH, cell.inputSize], cell.rows("W", gates))
    add("weight_hh" + suffix, [GH, cell.outputSize], cell.rows("U", gates))
    let biases = cell.biases(gates)
    add("bias_ih" + suffix, [GH], biases.input, isBias: true)
    add("bias_hh" + suffix, [GH], biases.recurrent, isBias: true)
    if cell.isProjected {
      add("weight_hr" + suffix, [cell.outputSize, cell.hiddenSize], [cell.whole("W_p")])
    }
  }

  /// The layouts with one kernel for the input, one for the state, and a bias.
  private mutating func addDense(_ cell: CellPlace, _ layout: WeightLayout, _ path: String) {
    let (H, gates) = (cell.hiddenSize, layout.gates(cell.kind))
    let GH = gates.count * H
    let isTransposed = layout == .keras || layout == .haste
    func matrix(_ name: String, _ width: Int, _ gates: [Character]) -> ([Int], [WeightPiece]) {
      isTransposed
        ? ([width, gates.count * H], cell.columns(name, gates))
        : ([gates.count * H, width], cell.rows(name, gates))
    }
    let (input, recurrent) =
      switch (layout, cell.kind) {
      case (.mlx, .rnn): ("Wxh", "Whh")
      case (.mlx, _): ("Wx", "Wh")
      case (.flux, _): ("Wi", "Wh")
      default: ("kernel", "recurrent_kernel")
      }
    let (shape, pieces) = matrix("W", cell.inputSize, gates)
    add(path + input, shape, pieces)
    // Flux keeps the candidate's recurrent weights apart where they see r∘h.
    let isApart = layout == .flux && cell.kind == .gru && cell.candidate == .resetBefore
    let (other, rest) = matrix("U", cell.outputSize, isApart ? gates.dropLast() : gates)
    add(path + recurrent, other, rest)
    if isApart {
      add(path + "Wh_h\u{303}", [H, H], [cell.gate("U", "n")])
    }
    let biases = cell.biases(gates)
    let resetsAfter = cell.kind == .gru && cell.candidate == .resetAfter
    switch (layout, resetsAfter) {
    case (.keras, true):
      add(
        path + "bias", [2, GH], biases.input + biases.recurrent.map { $0.moved(by: GH) },
        isBias: true)
    case (.haste, true):
      add(path + "bias", [GH], biases.input, isBias: true)
      add(path + "recurrent_bias", [GH], biases.recurrent, isBias: true)
    case (.mlx, true):
      add(path + "b", [GH], biases.input, isBias: true)
      add(path + "bhn", [H], [cell.whole("b_hn")], isBias: true)
    case (.flux, true):
      add(path + "bias", [GH], biases.input, isBias: true)
      zeros.append(("b_hn, the candidate's recurrent bias", cell.whole("b_hn")))
    default: add(path + "bias", [GH], biases.input, isBias: true)
    }
  }

  private mutating func addONNX(_ cells: [CellPlace], _ path: String) {
    let (first, gates) = (cells[0], WeightLayout.onnx.gates(cells[0].kind))
    let (N, H, GH) = (cells.count, first.hiddenSize, gates.count * first.hiddenSize)
    func all(_ count: Int, _ pieces: (CellPlace) -> [WeightPiece]) -> [WeightPiece] {
      cells.enumerated().flatMap { d, cell in pieces(cell).map { $0.moved(by: d * count) } }
    }
    add(path + "W", [N, GH, first.inputSize], all(GH * first.inputSize) { $0.rows("W", gates) })
    add(path + "R", [N, GH, H], all(GH * H) { $0.rows("U", gates) })
    add(
      path + "B", [N, 2 * GH],
      all(2 * GH) {
        let biases = $0.biases(gates)
        return biases.input + biases.recurrent.map { $0.moved(by: GH) }
      }, isBias: true)
    if first.hasPeepholes {
      add(
        path + "P", [N, 3 * H],
        all(3 * H) { cell in
          ["p_i", "p_o", "p_f"].enumerated().map { cell.whole($1).moved(by: $0 * H) }
        })
    }
  }

  private mutating func addOneDNN(_ cells: [CellPlace], _ path: String) {
    let (first, gates) = (cells[0], WeightLayout.oneDNN.gates(cells[0].kind))
    let (N, G, H) = (cells.count, gates.count, first.hiddenSize)
    let (D, P) = (first.inputSize, first.outputSize)
    func all(_ count: Int, _ pieces: (CellPlace) -> [WeightPiece]) -> [WeightPiece] {
      cells.enumerated().flatMap { d, cell in pieces(cell).map { $0.moved(by: d * count) } }
    }
    add(path + "weights_layer", [1, N, D, G, H], all(D * G * H) { $0.columns("W", gates) })
    add(path + "weights_iter", [1, N, P, G, H], all(P * G * H) { $0.columns("U", gates) })
    let resetsAfter = first.kind == .gru && first.candidate == .resetAfter
    let B = resetsAfter ? G + 1 : G
    add(
      path + "bias", [1, N, B, H],
      all(B * H) {
        $0.biases(gates).input + (resetsAfter ? [$0.whole("b_hn").moved(by: G * H)] : [])
      }, isBias: true)
    if first.hasPeepholes {
      add(
        path + "weights_peephole", [1, N, 3, H],
        all(3 * H) { cell in
          ["p_i", "p_f", "p_o"].enumerated().map { cell.whole($1).moved(by: $0 * H) }
        })
    }
    if first.isProjected {
      add(path + "weights_projection", [1, N, H, P], all(H * P) { [$0.transposed("W_p")] })
    }
  }

  private mutating func addCuDNN(_ cell: CellPlace, _ path: String) {
    let (H, gates) = (cell.hiddenSize, WeightLayout.cuDNN.gates(cell.kind))
    let biases = cell.biases(gates)
    for (j, gate) in gates.enumerated() {
      let linear = "\(path)linear_\(j)."
      add(linear + "weight", [H, cell.inputSize], [cell.gate("W", gate)])
      add(linear + "bias", [H], [biases.input[j].moved(by: -j * H)], isBias: true)
    }
    for (j, gate) in gates.enumerated() {
      let linear = "\(path)linear_\(gates.count + j)."
      add(linear + "weight", [H, cell.outputSize], [cell.gate("U", gate)])
      add(linear + "bias", [H], [biases.recurrent[j].moved(by: -j * H)], isBias: true)
    }
    if cell.isProjected {
      add(
        "\(path)linear_\(2 * gates.count).weight", [cell.outputSize, H], [cell.whole("W_p")])
    }
  }
}

// Where a cell's parameters go in tensors.
extension CellPlace {
  /// All of a parameter.
  func whole(_ name: String) -> WeightPiece {
    let (start, rows, columns) = parameter(name)
    return WeightPiece(
      rowStride: columns, block: block, start: start, rows: rows, columns: columns)
  }

  /// All of a parameter, its rows as columns.
  func transposed(_ name: String) -> WeightPiece {
    var piece = whole(name)
    (piece.rowStride, piece.columnStride) = (1, piece.rows)
    return piece
  }

  /// One gate's rows of a stacked parameter, by themselves.
  func gate(_ name: String, _ gate: Character) -> WeightPiece {
    let (start, _, columns) = parameter(name)
    guard let place = gates.firstIndex(of: gate) else {
      failRequirement("cell \(kind.rawValue) has no gate \(gate), it has \(String(gates))")
    }
    return WeightPiece(
      rowStride: columns, block: block, start: start + place * hiddenSize * columns,
      rows: hiddenSize, columns: columns)
  }

  /// The rows of all gates in this order, one piece where that is their own.
  func rows(_ name: String, _ order: [Character]) -> [WeightPiece] {
    if order == gates { return [whole(name)] }
    return order.enumerated().map { j, letter in
      let piece = gate(name, letter)
      return piece.moved(by: j * piece.rows * piece.columns)
    }
  }

  /// The rows of all gates in this order, as columns of a tensor of as many rows as the parameter has columns.
  func columns(_ name: String, _ order: [Character]) -> [WeightPiece] {
    order.enumerated().map { j, letter in
      var piece = gate(name, letter).moved(by: j * hiddenSize)
      (piece.rowStride, piece.columnStride) = (1, order.count * hiddenSize)
      return piece
    }
  }

  /// The biases of all gates in this order: beside the input weights, and beside the recurrent ones, which are
  /// added to those but for the candidate's where a reset gate scales it.
  func biases(_ order: [Character]) -> (input: [WeightPiece], recurrent: [WeightPiece]) {
    let (start, _, _) = parameter("b")
    let input = order.enumerated().map { j, letter in
      WeightPiece(
        offset: j * hiddenSize, rowStride: hiddenSize, block: block,
        start: start + (gates.firstIndex(of: letter) ?? 0) * hiddenSize, rows: 1,
        columns: hiddenSize)
    }
    let resetsAfter = kind == .gru && candidate == .resetAfter
    let recurrent = order.enumerated().map { j, letter in
      letter == "n" && resetsAfter
        ? whole("b_hn").moved(by: j * hiddenSize) : input[j].addend
    }
    return (input, recurrent)
  }
}

/// The names of one layer's tensors in a stack.
struct CellNames {
  private let layout: WeightLayout
  private let layer: Int
  private let isStacked: Bool
  private let isBidirectional: Bool

  init(_ layout: WeightLayout, layer: Int, isStacked: Bool, isBidirectional: Bool) {
    (self.layout, self.layer) = (layout, layer)
    (self.isStacked, self.isBidirectional) = (isStacked, isBidirectional)
  }

  /// What PyTorch puts behind its names.
  func suffix(_ direction: Int) -> String { "_l\(layer)\(direction == 1 ? "_reverse" : "")" }

  /// What stands before the names of others.
  func path(_ direction: Int, _ kind: CellKind) -> String {
    let side = direction == 1 ? "backward" : "forward"
    switch layout {
    case .pytorch, .cuDNN: return ""
    case .onnx, .oneDNN: return isStacked ? "\(layer)." : ""
    case .keras:
      guard isStacked || isBidirectional else { return "" }
      let (number, name) = (layer == 0 ? "" : "_\(layer)", kind.kerasName)
      let own = "\(name)\(number)/\(name)_cell/"
      guard isBidirectional else { return own }
      return (isStacked ? "bidirectional\(number)/" : "") + "\(side)_\(own)"
    case .native, .mlx, .flux, .haste:
      return (isStacked ? "\(layer)." : "") + (isBidirectional ? "\(side)." : "")
    }
  }
}
