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
      if let piece = form.pieces.first, form.pieces.count == 1, !piece.isAddend, piece.offset == 0,
        piece.columnStride == 1, piece.rowStride == piece.columns || piece.rows == 1
      {
        try withUnsafeMutableBufferPointer(ofBlock: piece.block) { (all) throws(ModelFileError) in
          try tensor.read(
            into: UnsafeMutableBufferPointer(
              rebasing: all[piece.start..<piece.start + piece.rows * piece.columns]))
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
      for i in piece.start..<piece.start + piece.rows * piece.columns { all[i] = 0 }
    }
  }

  private mutating func take(_ piece: WeightPiece, of values: [Scalar]) {
    withUnsafeMutableBufferPointer(ofBlock: piece.block) { all in
      values.withUnsafeBufferPointer { values in
        for row in 0..<piece.rows {
          var place = piece.start + row * piece.columns
          var source = piece.offset + row * piece.rowStride
          for _ in 0..<piece.columns {
            let value = values[source]
            if !piece.isAddend {
              all[place] = value
            } else if value != 0 {
              // A sum with zero would lose the sign of −0.
              all[place] += value
            }
            place += 1
            source += piece.columnStride
          }
        }
      }
    }
  }

  /// The elements of a tensor of these parameters.
  func values(of form: TensorForm) -> [Scalar] {
    var values = [Scalar](repeating: 0, count: form.shape.reduce(1, *))
    for piece in form.pieces where !piece.isAddend {
      self[block: piece.block].withUnsafeBufferPointer { all in
        values.withUnsafeMutableBufferPointer { values in
          for row in 0..<piece.rows {
            var place = piece.start + row * piece.columns
            var target = piece.offset + row * piece.rowStride
            for _ in 0..<piece.columns {
              values[target] = all[place]
              place += 1
              target += piece.columnStride
            }
          }
        }
      }
    }
    return values
  }

  /// Whether all parameters of a piece are zero.
  func isZero(_ piece: WeightPiece) -> Bool {
    self[block: piece.block].withUnsafeBufferPointer { all in
      all[piece.start..<piece.start + piece.rows * piece.columns].allSatisfy { $0 == 0 }
    }
  }
}
