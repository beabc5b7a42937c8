import Recurrent

extension Model where Scalar == Float {
  /// The model for evaluation alone, with the weights of its recurrent layers packed in a format; see
  /// ``/Recurrent/PackedLayer``. Its other parts stay as they are.
  ///
  /// It runs as the model does, by ``evaluate(on:_:)``. What reads, changes or trains packed weights traps:
  /// that needs the model itself.
  ///
  /// - Throws: a weight that the format cannot hold.
  public func inference(weights: WeightFormat) throws(WeightFormatError) -> Self {
    var model = self
    if let error = model.handParts(to: WeightPacking(weights: weights)).error { throw error }
    return model
  }
}

/// Packs the weights of every part that has a cell's.
private struct WeightPacking: PartReceiver {
  typealias Scalar = Float

  let weights: WeightFormat
  /// The first that there was.
  var error: WeightFormatError?

  mutating func receive<Part: Trainable<Float>>(_ name: String, _ part: inout Part) {
    guard error == nil else { return }
    var parameters = part.parameters
    do {
      try parameters.packWeights(weights)
      part.parameters = parameters
    } catch {
      self.error = error
    }
  }
}
