/// How a pass over sequences of one shape would run on this machine.
package struct PassPlan: Equatable {
  /// Whether the products with the weights read packed copies; else OpenBLAS computes them.
  package var isPacked: Bool
  /// How the steps are divided, among how many threads.
  package var split: WorkSplit
  package var threads: Int
  /// Steps whose projections are one product.
  package var chunkLength: Int
}

extension RecurrentLayer {
  /// What inference decides for `steps` steps of `batch` sequences: asked of the functions that the pass itself
  /// asks. Training decides by its recurrent products.
  package func plan(
    steps: Int, batch: Int, threads: Int? = nil, products: ProductStrategy = .automatic
  ) -> PassPlan {
    let allowed = allowedThreads(threads)
    let pass = parameters.pass(.forward, products, threads: allowed)
    let (split, threads) = pass.split(
      countsInput: true, steps: steps, batch: batch, threads: allowed, forced: nil)
    let chunks = TimeChunks(
      parameters.plan, Scalar.self, steps, batch, readsGates: pass.isPacked)
    return PassPlan(
      isPacked: pass.isPacked, split: split, threads: threads, chunkLength: chunks.length)
  }
}
