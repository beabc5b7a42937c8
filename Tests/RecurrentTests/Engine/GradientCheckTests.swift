import LinAlg
import Recurrent
import TestNumbers
import Testing

/// The engine's gradients against central differences of its own forward pass, in Double.
@Suite struct GradientCheckTests {
  enum Loss: CaseIterable, Sendable {
    case weightedOutputs, halfSquaredError, finalStateAlone, everything
  }

  /// Sets the upstream gradients of `loss` at the given outputs and returns the loss.
  func evaluate(
    _ loss: Loss, _ p: inout PassInputs<Double>, _ r: PassResults<Double>, targets: [Double]
  ) -> Double {
    func counts(_ i: Int) -> Bool {
      guard let lengths = p.lengths else { return true }
      let row = i / p.hiddenSize
      return row / p.batch < lengths[row % p.batch]
    }
    var rng = SeededGenerator(seed: 99)
    let weights = PassInputs<Double>.random(
      .lstm, steps: p.steps, batch: p.batch, inputSize: 1, hiddenSize: p.hiddenSize, using: &rng)
    p.dOutputs = nil
    p.dFinalHidden = nil
    p.dFinalCell = nil
    var value = 0.0
    if loss == .weightedOutputs || loss == .everything, let w = weights.dOutputs {
      p.dOutputs = w
      value += dotProduct(w, r.outputs)
    }
    if loss == .halfSquaredError {
      let errors = zip(r.outputs, targets).enumerated().map { i, pair in
        counts(i) ? pair.0 - pair.1 : 0
      }
      p.dOutputs = errors
      value += dotProduct(errors, errors) / 2
    }
    if loss == .finalStateAlone || loss == .everything {
      p.dFinalHidden = weights.dFinalHidden
      value += dotProduct(weights.dFinalHidden ?? [], r.finalHidden)
      if !r.finalCell.isEmpty {
        p.dFinalCell = weights.dFinalCell
        value += dotProduct(weights.dFinalCell ?? [], r.finalCell)
      }
    }
    return value
  }

  /// The largest error over all inputs, relative to the largest gradient of each tensor.
  func largestError(
    _ kind: CellKind, _ loss: Loss, lengths: [Int]?, seed: UInt64,
    tamper: (inout PassResults<Double>) -> Void = { _ in }
  ) -> Double {
    var rng = SeededGenerator(seed: seed)
    var p = PassInputs<Double>.random(
      kind, steps: 4, batch: 3, inputSize: 3, hiddenSize: 5, lengths: lengths, using: &rng)
    let targets = p.dOutputs ?? []
    _ = evaluate(loss, &p, kind.engine(p), targets: targets)
    var analytic = kind.engine(p)
    tamper(&analytic)

    func numeric(_ path: WritableKeyPath<PassInputs<Double>, [Double]>) -> [Double] {
      p[keyPath: path].indices.map { i in
        func lossAt(_ offset: Double) -> Double {
          var q = p
          q[keyPath: path][i] += offset
          let outputs = kind.engine(q)
          return evaluate(loss, &q, outputs, targets: targets)
        }
        // The truncation error of a five-point formula is of order h⁴, its rounding of ε/h.
        let h = 1e-3
        return (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h)
      }
    }
    var errors = [
      relativeError(analytic.dParameters, numeric(\.parameters)),
      relativeError(analytic.dx, numeric(\.x)),
      relativeError(analytic.dInitialHidden, numeric(\.initialHidden.orEmpty)),
    ]
    if kind.hasCell {
      errors.append(relativeError(analytic.dInitialCell, numeric(\.initialCell.orEmpty)))
    }
    return errors.max() ?? .infinity
  }

  @Test(arguments: CellKind.allCases, Loss.allCases)
  func `every gradient`(kind: CellKind, loss: Loss) {
    let error = largestError(kind, loss, lengths: nil, seed: 21)
    #expect(error < 1e-6, "\(kind) \(loss) seed 21: \(error)")
  }

  @Test(arguments: CellKind.allCases, [Loss.halfSquaredError, .everything])
  func `every gradient with lengths`(kind: CellKind, loss: Loss) {
    let error = largestError(kind, loss, lengths: [2, 0, 4], seed: 22)
    #expect(error < 1e-6, "\(kind) \(loss) seed 22: \(error)")
  }

  @Test func `a gradient that is wrong by a thousandth fails`() {
    let error = largestError(.lstm, .everything, lengths: nil, seed: 21) {
      let magnitudes = $0.dx.map(abs)
      let largest = magnitudes.firstIndex(of: magnitudes.max() ?? 0) ?? 0
      $0.dx[largest] *= 1.001
    }
    #expect(error > 1e-6)
  }
}

extension Optional where Wrapped == [Double] {
  /// The array, or an empty one.
  var orEmpty: [Double] {
    get { self ?? [] }
    set { self = newValue }
  }
}
