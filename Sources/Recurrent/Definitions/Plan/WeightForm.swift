import LinAlg

/// How the weights of a cell's products are made of its parameters, where they are something else than
/// the parameters: symmetric, or dropped at random.
public final class WeightForm: Sendable {
  /// One parameter.
  struct Part: Sendable {
    var name: String
    /// Where it begins among the parameters and among the weights.
    var parameters: Int
    var weights: Int
    var form: ProjectionForm
    /// The number of parameters.
    var count: Int
    /// The number of rows of the weights.
    var size: Int
  }

  private let parts: [Part]
  /// The place of each part among those that are dropped at random, by name.
  private let streams: [Int]
  /// The number of weights.
  let weightCount: Int
  /// Whether anything is dropped at random while a pass is recorded.
  let isRandom: Bool

  init(_ parts: [Part], weightCount: Int) {
    self.parts = parts
    self.weightCount = weightCount
    let dropped = parts.filter { $0.rate > 0 }.map(\.name).sorted()
    streams = parts.map { dropped.firstIndex(of: $0.name) ?? 0 }
    isRandom = !dropped.isEmpty
  }

  /// Writes the weights: with noise those of its pass, without those of inference.
  func makeWeights<Scalar: RecurrentScalar>(
    _ weights: UnsafeMutablePointer<Scalar>, from parameters: UnsafePointer<Scalar>,
    _ noise: RecordingNoise?
  ) {
    for i in 0..<parts.count {
      let part = parts[i]
      let (from, to) = (parameters + part.parameters, weights + part.weights)
      if part.form == .symmetric {
        var start = from
        for row in 0..<part.size {
          for column in 0...row {
            to[row * part.size + column] = start[column]
            to[column * part.size + row] = start[column]
          }
          start += row + 1
        }
      } else if let noise, part.rate > 0 {
        drop(i, from, into: to, noise)
      } else {
        to.update(from: from, count: part.count)
      }
    }
  }

  /// Adds to the gradients of the parameters what those of the weights, which are overwritten, say.
  func addGradients<Scalar: RecurrentScalar>(
    _ dWeights: UnsafeMutablePointer<Scalar>, to dParameters: UnsafeMutablePointer<Scalar>,
    _ noise: RecordingNoise?
  ) {
    for i in 0..<parts.count {
      let part = parts[i]
      let (from, to) = (dWeights + part.weights, dParameters + part.parameters)
      if part.form == .symmetric {
        var start = to
        for row in 0..<part.size {
          for column in 0..<row {
            start[column] += from[row * part.size + column] + from[column * part.size + row]
          }
          start[row] += from[row * part.size + row]
          start += row + 1
        }
      } else {
        if let noise, part.rate > 0 { drop(i, from, into: from, noise) }
        Scalar.axpy(n: part.count, alpha: 1, x: from, incx: 1, y: to, incy: 1)
      }
    }
  }

  private func drop<Scalar: RecurrentScalar>(
    _ i: Int, _ x: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>,
    _ noise: RecordingNoise
  ) {
    // A draw is one of 65536 equally likely numbers.
    let threshold = max(1, UInt32(((1 - parts[i].rate) * 65536).rounded()))
    Scalar.dropout(
      x, into: y, count: parts[i].count, key: noise.child(streams[i]).key, threshold: threshold,
      scale: 65536 / Double(threshold))
  }
}

extension WeightForm.Part {
  /// How likely a weight is to be left out of a recorded pass.
  var rate: Double { if case .dropped(let rate) = form { rate } else { 0 } }
}

/// Memory that a tape keeps for the weights of its passes.
protocol PassMemory: AnyObject {
  /// How many scalars it keeps.
  var scalarCount: Int { get }
}

/// The weights of one recorded pass, where they are not the same in every pass.
public final class PassWeights<Scalar: RecurrentScalar>: PassMemory, @unchecked Sendable {
  // @unchecked Sendable: belongs to a tape, which belongs to one caller, and is written before a pass.

  private let weights: AlignedStorage<Scalar>
  private let packs = WeightPacks<Scalar>()

  init(_ form: WeightForm) { weights = AlignedStorage(uninitializedCount: form.weightCount) }

  var scalarCount: Int { weights.count + packs.scalarCount }

  func draw(
    _ form: WeightForm, from parameters: UnsafePointer<Scalar>, _ noise: RecordingNoise
  ) {
    form.makeWeights(weights.pointer, from: parameters, noise)
    packs.invalidate()
  }

  /// As of a ``ParameterBlock``.
  func weights(
    _ layout: PackLayout, _ direction: ProductDirection, _ strategy: ProductStrategy, threads: Int
  ) -> (plain: UnsafePointer<Scalar>, packed: PackedWeights<Scalar>?) {
    let plain = UnsafePointer(weights.pointer)
    guard let format = Scalar.packFormat(for: strategy) else { return (plain, nil) }
    return (plain, packs.packed(layout, in: plain, direction, format, threads: threads))
  }
}
