import LinAlg

/// Random changes of recorded passes; see ``RecordingNoise``. Rates are in `0 ..< 1`, and 0 changes nothing.
/// In inference, dropout is off and zoneout is what it is on average.
public struct Regularization: Hashable, Codable, Sendable {
  /// How much of `h[t−1]` the products do not see: variational dropout, one mask for all steps of a
  /// sequence and for all gates (Gal & Ghahramani 2016, tied weights). Their dropout of the inputs is a
  /// ``Dropout`` before the layer.
  public var recurrentDropout = 0.0
  /// How many of the recurrent weights `U` a pass leaves out: DropConnect (Wan et al. 2013), one mask for all
  /// steps and sequences of a pass (Merity et al. 2018).
  public var dropConnect = 0.0
  /// How much of the candidate is left out (Semeniuta et al. 2016): what is stored stays whole.
  public var candidateDropout = 0.0
  /// Whether ``candidateDropout`` draws another mask in each step instead of one for each sequence.
  public var candidateDropoutPerStep = false
  /// How much of `h` stays as it was, another choice in each step (Krueger et al. 2017).
  public var zoneoutHidden = 0.0
  /// How much of `c` stays as it was; for cells that have one.
  public var zoneoutCell = 0.0

  /// No regularization.
  public init() {}

  func validate() throws(LayerOptionsError) {
    for (name, rate) in [
      ("regularization.recurrentDropout", recurrentDropout),
      ("regularization.dropConnect", dropConnect),
      ("regularization.candidateDropout", candidateDropout),
      ("regularization.zoneoutHidden", zoneoutHidden),
      ("regularization.zoneoutCell", zoneoutCell),
    ] where !(rate >= 0 && rate < 1) {
      throw .rate(name)
    }
  }

  /// What the recurrent weights are.
  var recurrentForm: ProjectionForm { dropConnect > 0 ? .dropped(rate: dropConnect) : .full }

  /// What the products of `h[t−1]` see.
  func dropped(_ h: CellExpression) -> CellExpression {
    recurrentDropout > 0 ? .dropoutMask("mask_h", rate: recurrentDropout) * h : h
  }

  func candidate(_ g: CellExpression) -> CellExpression {
    guard candidateDropout > 0 else { return g }
    return .dropoutMask("mask_g", rate: candidateDropout, perStep: candidateDropoutPerStep) * g
  }

  /// The new value of a state, some of which stays as it was.
  func zoned(
    _ next: CellExpression, _ previous: CellExpression, _ name: String, _ rate: Double
  ) -> CellExpression {
    guard rate > 0 else { return next }
    let stays = CellExpression.zoneoutMask(name, rate: rate)
    return (1 - stays) * next + stays * previous
  }
}

extension Regularization {
  /// For cells that have `h` alone.
  func validateWithoutCell() throws(LayerOptionsError) {
    try validate()
    if zoneoutCell != 0 { throw .noCellState("regularization.zoneoutCell") }
  }
}
