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
    let packed = storage.pointer
    func pack(_ weights: UnsafePointer<Scalar>) {
      LayoutPacking(layout: layout, direction: .forward, format: format, block: weights)
        .pack(into: packed, threads: 1)
    }
    if let form = plan.form {
      let weights = AlignedStorage<Scalar>(uninitializedCount: form.weightCount)
      form.makeWeights(weights.pointer, from: parameters, nil)
      pack(weights.pointer)
      withExtendedLifetime(weights) {}
    } else {
      pack(parameters)
    }
  }

  /// Valid while this is alive.
  var packed: PackedWeights<Scalar> {
    PackedWeights(format: format, start: UnsafeRawPointer(storage.pointer))
  }

  var byteCount: Int { storage.count }
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
