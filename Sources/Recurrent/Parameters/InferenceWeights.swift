import LinAlg

/// The weights of a cell packed for products forward in one format, without the scalars that they were
/// made of.
final class InferenceWeights<Scalar: RecurrentScalar>: Sendable {
  /// How many parameters of the cell these are, from the first on.
  let count: Int
  private let format: PackFormat<Scalar>
  private let storage: AlignedStorage<UInt8>

  /// - Parameter parameters: those of the cell, with weights that the format can hold.
  init(_ plan: CellPlan, _ parameters: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>) {
    count = plan.weightParameterCount
    self.format = format
    let layout = plan.packsForward
    storage = AlignedStorage(
      uninitializedCount: format.bytes(format.elements(before: layout.size)))
    let packed = UnsafeMutableRawPointer(storage.pointer)
    if let form = plan.form {
      let weights = AlignedStorage<Scalar>(uninitializedCount: form.weightCount)
      form.makeWeights(weights.pointer, from: parameters, nil)
      layout.pack(weights.pointer, format, into: packed)
      withExtendedLifetime(weights) {}
    } else {
      layout.pack(parameters, format, into: packed)
    }
  }

  /// Valid while this is alive.
  var packed: PackedWeights<Scalar> {
    PackedWeights(format: format, start: UnsafeRawPointer(storage.pointer))
  }

  var byteCount: Int { storage.count }
}

extension PackLayout {
  /// Packs the matrices for products forward.
  fileprivate func pack<Scalar>(
    _ weights: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    for part in parts {
      part.packForward(
        0..<part.m / part.blocks, of: weights, format,
        into: packed + format.bytes(format.elements(before: part.packed)))
    }
  }
}

extension ParameterSet {
  /// Packs the weights of every cell for inference, and lets go of them in every other form.
  ///
  /// - Throws: a weight that the format cannot hold; some blocks may then have been packed.
  package mutating func packWeights(_ weights: WeightFormat) throws(WeightFormatError) {
    for i in 0..<blockCount {
      guard let plan = cell(ofBlock: i) else { continue }
      self[block: i] = try self[block: i].packed(weights, plan, block: i)
    }
  }
}
