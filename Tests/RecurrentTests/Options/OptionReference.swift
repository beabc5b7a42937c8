import Foundation
import LinAlg
import Recurrent

/// One step of a layer of options as their documentation says it, in plain loops over named parameters:
/// nothing of the definitions that the options make.
struct OptionReference {
  let hiddenSize: Int
  /// Row-major, by name.
  let parameters: [String: [Double]]
  let noise: RecordingNoise?
  /// The row of the batch and the step that are computed.
  var row = 0
  var time = 0
  var x: [Double] = []

  /// `h` and, for an LSTM, `c` after a step.
  mutating func step(
    _ options: any LayerOptions, _ x: [Double], _ states: [[Double]], row: Int, time: Int
  ) -> [[Double]] {
    (self.x, self.row, self.time) = (x, row, time)
    return switch options {
    case let o as LSTMOptions: lstm(o, states[0], states[1])
    case let o as GRUOptions: [gru(o, states[0])]
    case let o as RNNOptions: [rnn(o, states[0])]
    default: []
    }
  }

  private func lstm(_ o: LSTMOptions, _ h: [Double], _ c: [Double]) -> [[Double]] {
    var letters = ["g"]
    if case .gate = o.inputGate { letters.append("i") }
    if o.forgetGate != nil { letters.append("f") }
    if o.outputGate != nil { letters.append("o") }
    let r = o.regularization
    let masks = Masks(r, cell: true)
    let seen = dropped(h, r.recurrentDropout, masks.h)
    func sum(_ letter: String, _ memory: [Double]?) -> [Double] {
      var a = products(
        "_" + letter, seen, o.normalization, r.dropConnect, letters.map { "U_" + $0 })
      if let memory { a = zip(a, memory).map { $0 + $1 } }
      return limited(a, o.clipping.preActivations)
    }
    func memory(_ letter: String, _ c: [Double]) -> [Double]? {
      let H = hiddenSize
      switch o.memory {
      case .none: return nil
      case .diagonal(let candidate), .symmetric(let candidate), .full(let candidate):
        if letter == "g" && !candidate { return nil }
      }
      if case .diagonal = o.memory { return zip(self["p_" + letter], c).map { $0 * $1 } }
      let V = self["V_" + letter]
      guard case .symmetric = o.memory else { return product(V, c) }
      let symmetric = (0..<H * H).map { (place: Int) -> Double in
        let (i, j) = (max(place / H, place % H), min(place / H, place % H))
        return V[i * (i + 1) / 2 + j]
      }
      return product(symmetric, c)
    }
    let ones = [Double](repeating: 1, count: hiddenSize)
    let f = o.forgetGate.map { activate(sum("f", memory("f", c)), $0) } ?? ones
    let i =
      switch o.inputGate {
      case .gate(let activation): activate(sum("i", memory("i", c)), activation)
      case .coupled: f.map { 1 - $0 }
      case .open: ones
      }
    let g = dropped(
      activate(sum("g", memory("g", c)), o.candidateActivation), r.candidateDropout, masks.g,
      perStep: r.candidateDropoutPerStep)
    let cell = (0..<hiddenSize).map { (j: Int) -> Double in f[j] * c[j] + i[j] * g[j] }
    let next = limited(cell, o.clipping.cell)
    let gate = o.outputGate.map { activate(sum("o", memory("o", next)), $0) } ?? ones
    var shown = next
    if let epsilon = epsilon(o.normalization) {
      shown = zip(scaled(standardized(next, epsilon), "gain_c"), self["b_c"]).map { $0 + $1 }
    }
    var y = zip(gate, activate(shown, o.outputActivation)).map { $0 * $1 }
    if o.projection != nil { y = product(self["W_p"], y) }
    return [zoned(y, h, r.zoneoutHidden, masks.zoneH), zoned(next, c, r.zoneoutCell, masks.zoneC)]
  }

  private func gru(_ o: GRUOptions, _ h: [Double]) -> [Double] {
    let (reg, masks) = (o.regularization, Masks(o.regularization, cell: false))
    let seen = dropped(h, reg.recurrentDropout, masks.h)
    let names = o.candidate == .lectureNotes ? ["U_r", "U_z"] : ["U_r", "U_z", "U_n"]
    func sum(_ letter: String) -> [Double] {
      limited(
        products("_" + letter, seen, o.normalization, reg.dropConnect, names),
        o.clipping.preActivations)
    }
    let (r, z) = (activate(sum("r"), o.resetGate), activate(sum("z"), o.updateGate))
    let n: [Double]
    if o.candidate == .lectureNotes {
      n = zip(r, activate(h, o.candidateActivation)).map { $0 * $1 }
    } else {
      let after = o.candidate == .resetAfter
      let operand = after ? seen : zip(r, seen).map { $0 * $1 }
      let bias = after ? self["b_hn"] : [Double](repeating: 0, count: hiddenSize)
      let a = products("_n", operand, o.normalization, reg.dropConnect, names) {
        (j: Int, product: Double) -> Double in
        after ? r[j] * (product + bias[j]) : product
      }
      n = activate(limited(a, o.clipping.preActivations), o.candidateActivation)
    }
    let candidate = dropped(
      n, reg.candidateDropout, masks.g, perStep: reg.candidateDropoutPerStep)
    let next = (0..<hiddenSize).map { (j: Int) -> Double in
      (1 - z[j]) * candidate[j] + z[j] * h[j]
    }
    return zoned(next, h, reg.zoneoutHidden, masks.zoneH)
  }

  private func rnn(_ o: RNNOptions, _ h: [Double]) -> [Double] {
    let (r, masks) = (o.regularization, Masks(o.regularization, cell: false))
    let a = products(
      "", dropped(h, r.recurrentDropout, masks.h), o.normalization, r.dropConnect, ["U"])
    let next = dropped(
      activate(limited(a, o.clipping.preActivations), o.activation), r.candidateDropout, masks.g,
      perStep: r.candidateDropoutPerStep)
    return zoned(next, h, r.zoneoutHidden, masks.zoneH)
  }

  private subscript(name: String) -> [Double] { parameters[name] ?? [] }

  private func product(_ W: [Double], _ v: [Double]) -> [Double] {
    (0..<W.count / v.count).map { i in
      var sum = 0.0
      for j in v.indices { sum += W[i * v.count + j] * v[j] }
      return sum
    }
  }

  /// `W·x + U·h + b`, normalized. `change` is what becomes of an element of `U·h`.
  private func products(
    _ suffix: String, _ h: [Double], _ normalization: LayerNormalization, _ dropConnect: Double,
    _ dropped: [String], change: (Int, Double) -> Double = { $1 }
  ) -> [Double] {
    var U = self["U" + suffix]
    if dropConnect > 0, let noise {
      let place = CellEvaluator.Place(noise: noise, row: row, step: time)
      let stream = UInt64(dropped.sorted().firstIndex(of: "U" + suffix) ?? 0)
      let kept = ((1 - dropConnect) * 65536).rounded()
      U = U.indices.map { place.draw(stream, weight: $0) < kept ? U[$0] * 65536 / kept : 0 }
    }
    var (a, b) = (product(self["W" + suffix], x), product(U, h))
    if case .products(let epsilon) = normalization {
      a = scaled(standardized(a, epsilon), "gain_W" + suffix)
      b = scaled(standardized(b, epsilon), "gain_U" + suffix)
    }
    var sum = a.indices.map { a[$0] + change($0, b[$0]) }
    if case .sums(let epsilon) = normalization {
      sum = scaled(
        standardized(sum, epsilon), "gain_" + (suffix.isEmpty ? "h" : suffix.dropFirst()))
    }
    return zip(sum, self["b" + suffix]).map { $0 + $1 }
  }

  private func epsilon(_ normalization: LayerNormalization) -> Double? {
    switch normalization {
    case .none: nil
    case .sums(let epsilon), .products(let epsilon): epsilon
    }
  }

  private func scaled(_ a: [Double], _ gain: String) -> [Double] {
    zip(a, self[gain]).map { $0 * $1 }
  }

  private func standardized(_ a: [Double], _ epsilon: Double) -> [Double] {
    let mean = a.reduce(0, +) / Double(a.count)
    let variance = a.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(a.count)
    return a.map { ($0 - mean) / (variance + epsilon).squareRoot() }
  }

  private func limited(_ a: [Double], _ limit: Double?) -> [Double] {
    guard let limit else { return a }
    return a.map { min(max($0, -limit), limit) }
  }

  /// Where each mask's random numbers are: masks are numbered by name, those alone that there are.
  private struct Masks {
    var g: UInt64, h: UInt64, zoneC: UInt64, zoneH: UInt64

    init(_ r: Regularization, cell: Bool) {
      let present = [
        r.candidateDropout > 0, r.recurrentDropout > 0, cell && r.zoneoutCell > 0,
        r.zoneoutHidden > 0,
      ]
      let before = present.indices.map { UInt64(present[..<$0].count { $0 }) }
      (g, h, zoneC, zoneH) = (before[0], before[1], before[2], before[3])
    }
  }

  private func isHit(_ stream: UInt64, _ unit: Int, _ rate: Double, perStep: Bool) -> Bool? {
    noise.map {
      CellEvaluator.Place(noise: $0, row: row, step: time).isHit(
        stream, unit: unit, rate, perStep: perStep)
    }
  }

  private func dropped(
    _ a: [Double], _ rate: Double, _ stream: UInt64, perStep: Bool = false
  ) -> [Double] {
    a.indices.map {
      guard rate > 0, let hit = isHit(stream, $0, rate, perStep: perStep) else { return a[$0] }
      return hit ? 0 : a[$0] / (1 - rate)
    }
  }

  private func zoned(
    _ next: [Double], _ old: [Double], _ rate: Double, _ stream: UInt64
  ) -> [Double] {
    next.indices.map {
      guard let stays = isHit(stream, $0, rate, perStep: true) else {
        return (1 - rate) * next[$0] + rate * old[$0]
      }
      return stays ? old[$0] : next[$0]
    }
  }

  private func activate(_ a: [Double], _ activation: GateActivation) -> [Double] {
    a.map { x in
      switch activation {
      case .relu: max(x, 0)
      case .tanh: Foundation.tanh(x)
      case .sigmoid: 1 / (1 + exp(-x))
      case .affine(let alpha, let beta): alpha * x + beta
      case .leakyRelu(let alpha): x < 0 ? alpha * x : x
      case .thresholdedRelu(let alpha): x > alpha ? x : 0
      case .scaledTanh(let alpha, let beta): alpha * Foundation.tanh(beta * x)
      case .hardSigmoid(let alpha, let beta): max(0, min(1, alpha * x + beta))
      case .elu(let alpha): x < 0 ? alpha * (exp(x) - 1) : x
      case .softsign: x / (1 + abs(x))
      case .softplus: log(1 + exp(x))
      }
    }
  }
}
