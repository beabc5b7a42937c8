import LinAlg
import Recurrent

/// What the tensors of a layer are in some layout, and which parameters each of their elements is.
public struct WeightForms: Sendable {
  var tensors: [TensorForm] = []
  /// Parameters that the layout has no place for: they must be zero, and are when read.
  var zeros: [(name: String, piece: WeightPiece)] = []
}

/// One tensor of a layout.
struct TensorForm: Sendable {
  /// Behind the layer's prefix; empty where the tensor is called as the layer.
  var name: String
  var shape: [Int]
  var pieces: [WeightPiece]
  /// Layers of that library may be without their biases, which then are zero.
  var isBias = false

  /// The piece whose elements are those of the tensor in their order; nil where none is.
  var wholePiece: WeightPiece? {
    guard pieces.count == 1, let piece = pieces.first, piece.isContiguous, !piece.isAddend,
      piece.offset == 0, piece.count == shape.reduce(1, *)
    else { return nil }
    return piece
  }
}

/// A rectangle of parameters, and where its elements are in a tensor.
struct WeightPiece: Sendable {
  /// Where the first element is in the tensor, and how far the next row's and the next column's are.
  var offset = 0
  var rowStride: Int
  var columnStride = 1
  /// The parameter block, the place of the first scalar, and the extents. Rows follow each other.
  var block: Int
  var start: Int
  var rows: Int
  var columns: Int
  /// Whether what is read is added to what was read before; written are zeros.
  var isAddend = false

  /// The piece `distance` elements further in its tensor.
  func moved(by distance: Int) -> WeightPiece {
    var result = self
    result.offset += distance
    return result
  }

  /// How many elements it has.
  var count: Int { rows * columns }

  /// Whether its elements are in its tensor as among the parameters, one behind the other.
  var isContiguous: Bool { columnStride == 1 && (rowStride == columns || rows == 1) }

  /// The first of its elements in the tensor, and how far the next row and column are.
  var placesInTensor: (first: Int, row: Int, column: Int) { (offset, rowStride, columnStride) }

  /// The first of its elements in the block, and how far the next row and column are.
  var placesInBlock: (first: Int, row: Int, column: Int) { (start, columns, 1) }

  var addend: WeightPiece {
    var result = self
    result.isAddend = true
    return result
  }
}

// A layout's tensors and a layer's parameters.
extension ParameterSet {
  /// Replaces the parameters by the tensors, which are those of the forms in their order; nil stands for a
  /// bias that is not there.
  mutating func read(
    _ tensors: [Tensor?], as forms: WeightForms
  ) throws(ModelFileError) {
    for (form, tensor) in zip(forms.tensors, tensors) {
      guard let tensor else {
        for piece in form.pieces where !piece.isAddend { setToZero(piece) }
        continue
      }
      if form.pieces.allSatisfy({ $0.isContiguous && !$0.isAddend }) {
        for piece in form.pieces {
          try withUnsafeMutableBufferPointer(ofBlock: piece.block) {
            (all) throws(ModelFileError) in
            try tensor.read(
              from: piece.offset,
              into: UnsafeMutableBufferPointer(
                rebasing: all[piece.start..<piece.start + piece.count]))
          }
        }
        continue
      }
      let values: [Scalar] = try tensor.values()
      for piece in form.pieces { take(piece, of: values) }
    }
    for (_, piece) in forms.zeros { setToZero(piece) }
  }

  private mutating func setToZero(_ piece: WeightPiece) {
    withUnsafeMutableBufferPointer(ofBlock: piece.block) { all in
      all[piece.start..<piece.start + piece.count].update(repeating: 0)
    }
  }

  private mutating func take(_ piece: WeightPiece, of values: [Scalar]) {
    withUnsafeMutableBufferPointer(ofBlock: piece.block) { all in
      values.withUnsafeBufferPointer { values in
        guard piece.isAddend else {
          let copy = StridedCopy(
            rows: piece.rows, columns: piece.columns, source: piece.placesInTensor,
            target: piece.placesInBlock)
          return copy(from: values, to: all)
        }
        for row in 0..<piece.rows {
          for column in 0..<piece.columns {
            let value = values[piece.offset + row * piece.rowStride + column * piece.columnStride]
            // A sum with zero would lose the sign of −0.
            if value != 0 { all[piece.start + row * piece.columns + column] += value }
          }
        }
      }
    }
  }

  /// The elements of a tensor of these parameters.
  func values(of form: TensorForm) -> [Scalar] {
    let count = form.shape.reduce(1, *)
    return [Scalar](unsafeUninitializedCapacity: count) { values, filled in
      values.initialize(repeating: 0)
      for piece in form.pieces where !piece.isAddend {
        self[block: piece.block].withUnsafeBufferPointer { all in
          let copy = StridedCopy(
            rows: piece.rows, columns: piece.columns, source: piece.placesInBlock,
            target: piece.placesInTensor)
          copy(from: all, to: UnsafeMutableBufferPointer(rebasing: values[..<count]))
        }
      }
      filled = count
    }
  }

  /// Whether all parameters of a piece are zero.
  func isZero(_ piece: WeightPiece) -> Bool {
    self[block: piece.block].withUnsafeBufferPointer { all in
      all[piece.start..<piece.start + piece.count].allSatisfy { $0 == 0 }
    }
  }
}
