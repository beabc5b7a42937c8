import LinAlg
import Recurrent

extension SequenceBatch {
  /// Whether the shape is the given one; comparing ``shape`` would allocate two arrays.
  func hasShape(_ steps: Int, _ batch: Int, _ features: Int) -> Bool {
    self.steps == steps && self.batch == batch && self.features == features
  }
}
