/// Splits the steps of a sequence into chunks for the products that serve many steps at once.
///
/// A chunk is long enough that the product is large (its weights are repacked once per chunk), and
/// short enough that what it writes is still in cache when the recurrence reads it. It is a power of
/// two, so that chunks of layers of different widths end together: a stack can be cut where the longest
/// of its layers' chunks ends.
struct TimeChunks {
  /// Below this many rows a product loses speed to packing; see `Benchmarks/NOTES.md`.
  static let minimumRows = 256
  /// What a chunk of gates may occupy, in bytes.
  static let byteBudget = 1 << 20

  /// Steps per chunk.
  let length: Int
  /// Steps in all.
  let steps: Int

  /// From this many sequences on a single step is a product large enough for weights that are packed
  /// already.
  static let packedStep = 64

  /// - Parameters:
  ///   - readsGates: whether the chunk is read again step by step, as in a pass forward with packed weights:
  ///     then it is no longer than caches keep, where a step alone has rows enough.
  ///   - forced: steps per chunk, instead of the measured choice.
  init(
    steps: Int, batch: Int, bytesPerRow: Int, readsGates: Bool = false, forced: Int? = nil
  ) {
    self.steps = steps
    if let forced {
      length = forced
      return
    }
    let fewest = readsGates && batch >= Self.packedStep ? batch : Self.minimumRows
    let rows = max(fewest, Self.byteBudget / max(bytesPerRow, 1))
    let batch = max(batch, 1)
    var power = 1
    while 2 * power * batch <= rows { power *= 2 }
    if power * batch < fewest { power *= 2 }
    length = min(power, max(steps, 1))
  }

  /// The chunks of a pass of a cell. Those of a pass forward end where those of a pass backward end, and
  /// perhaps in between.
  init<Scalar>(
    _ plan: CellPlan, _: Scalar.Type, _ steps: Int, _ batch: Int, readsGates: Bool = false,
    forced: Int? = nil
  ) {
    self.init(
      steps: steps, batch: batch, bytesPerRow: plan.gateWidth * MemoryLayout<Scalar>.stride,
      readsGates: readsGates, forced: forced)
  }

  /// The number of chunks.
  var count: Int { (steps + length - 1) / length }

  /// The steps of chunk `i`.
  subscript(i: Int) -> Range<Int> { i * length..<min((i + 1) * length, steps) }
}
