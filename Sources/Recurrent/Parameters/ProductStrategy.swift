/// Who computes the products with the weights.
///
/// OpenBLAS packs a weight matrix anew on every call, which only pays when many rows share it: at a
/// batch of 8 it reaches less than half of the machine. The engine's own kernels read weights that were
/// packed once. The measurements are in `Benchmarks/NOTES.md`.
public enum ProductStrategy: String, Sendable, Hashable, CaseIterable {
  /// The fastest that the scalar type has: packed kernels for Float, OpenBLAS for Double.
  case automatic
  /// OpenBLAS for every product.
  case openBLAS
}

extension RecurrentScalar {
  /// The format that weights are packed in for products of a kind, or nil where OpenBLAS computes those.
  static func packFormat(for strategy: ProductStrategy) -> PackFormat<Self>? {
    switch strategy {
    case .automatic: packFormat
    case .openBLAS: nil
    }
  }
}
