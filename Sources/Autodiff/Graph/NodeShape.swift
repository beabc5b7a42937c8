/// The shape `[T, N, F]` of a node's value: steps, sequences, features.
///
/// Every value has these three axes. A matrix `[N, F]` is one step; a row of biases `[1, 1, F]`; a number
/// `[1, 1, 1]`.
public struct NodeShape: Sendable, Hashable, CustomStringConvertible {
  /// `T`, the number of steps.
  public var steps: Int
  /// `N`, the number of sequences.
  public var batch: Int
  /// `F`, the number of features.
  public var features: Int

  /// The shape `[steps, batch, features]`.
  public init(steps: Int, batch: Int, features: Int) {
    (self.steps, self.batch, self.features) = (steps, batch, features)
  }

  /// The number of scalars.
  public var count: Int { steps * batch * features }

  /// The number of rows, `T·N`.
  public var rows: Int { steps * batch }

  /// `[T, N, F]` in numbers.
  public var description: String { "[\(steps), \(batch), \(features)]" }
}
