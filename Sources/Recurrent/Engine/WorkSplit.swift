import LinAlg

/// How the members of a call divide the steps among them.
///
/// A layer's products over many steps are always divided; the steps themselves depend on each other.
enum WorkSplit: Equatable {
  /// Nothing to divide: one member.
  case none
  /// Each member runs its sequences through all steps, and waits for nobody.
  case batch
  /// Each member computes its units for all sequences, so that each core reads only its part of the
  /// weights. Members meet after every step, where each needs what the others have computed.
  case units

  /// Below this many sequences for each member a product with packed weights loses speed.
  static let smallestBatch = 6
  /// Below this many multiplications for each member and step, meeting costs more than it gains.
  static let smallestStep = 16_384

  /// The split and the number of threads for a layer's pass; the measurements are in
  /// `Benchmarks/NOTES.md`.
  ///
  /// - Parameters:
  ///   - threads: how many the caller allows.
  ///   - batch: `N`.
  ///   - hiddenSize: `H`.
  ///   - gateColumns: how many columns the recurrent product has.
  ///   - unitBlock: how many units cannot be divided, or nil where the products cannot be.
  static func choose(
    threads: Int, batch: Int, hiddenSize: Int, gateColumns: Int, unitBlock: Int?
  ) -> (split: WorkSplit, threads: Int) {
    guard threads > 1, let unitBlock else { return (.none, 1) }
    let byBatch = min(threads, batch / smallestBatch)
    let step = batch * hiddenSize * gateColumns
    let byUnits = min(threads, hiddenSize / unitBlock, step / smallestStep)
    if byBatch < 2 && byUnits < 2 { return (.none, 1) }
    return byBatch >= byUnits ? (.batch, byBatch) : (.units, byUnits)
  }
}
