import Foundation
import LinAlg
import Recurrent

/// Runs a definition as it is written, node by node in Double: nothing of the plan compiler, the engine
/// or its kernels.
struct CellEvaluator {
  let definition: CellDefinition
  let inputSize: Int
  let hiddenSize: Int
  let outputSize: Int
  /// Each parameter by name, row-major.
  let parameters: [String: [Double]]

  init(_ layer: DefinedLayer<Double>) {
    definition = layer.definition
    inputSize = layer.inputSize
    hiddenSize = layer.hiddenSize
    outputSize = layer.outputSize
    var parameters: [String: [Double]] = [:]
    for name in layer.parameters.names { parameters[name] = layer.parameters[name].elements }
    self.parameters = parameters
  }

  /// The outputs `[T, N, H]` and the final states of a case.
  func run(_ c: DefinedCase<Double>) -> (outputs: [Double], final: [[Double]]) {
    let (T, N, D, P) = (c.steps, c.batch, inputSize, outputSize)
    var outputs = [Double](repeating: 0, count: T * N * P)
    let widths = definition.states.indices.map { $0 == 0 ? P : hiddenSize }
    var final = c.initial ?? widths.map { [Double](repeating: 0, count: N * $0) }
    for n in 0..<N {
      var states = zip(final, widths).map { Array($0[n * $1..<(n + 1) * $1]) }
      for t in 0..<(c.lengths?[n] ?? T) {
        let start = (t * N + n) * D
        let place = c.noise.map { Place(noise: $0, row: n, step: t) }
        states = step(Array(c.x[start..<start + D]), states, place)
        outputs.replaceSubrange((t * N + n) * P..<(t * N + n + 1) * P, with: states[0])
      }
      for (i, state) in states.enumerated() {
        let H = widths[i]
        final[i].replaceSubrange(n * H..<(n + 1) * H, with: state)
      }
    }
    return (outputs, final)
  }

  private func step(_ x: [Double], _ states: [[Double]], _ place: Place?) -> [[Double]] {
    var known: [String: [Double]] = [:]
    func value(_ operand: CellOperand) -> [Double] {
      switch operand {
      case .input: return x
      case .state(let name): return states[definition.states.firstIndex { $0.name == name } ?? 0]
      case .node(let name):
        if let value = known[name] { return value }
        guard let node = definition.nodes.first(where: { $0.name == name }) else { return [] }
        let operands = node.operands.map(value)
        let result = evaluate(node, operands, place)
        known[name] = result
        return result
      }
    }
    return definition.states.map { value($0.next) }
  }

  private func evaluate(
    _ node: CellNode, _ operands: [[Double]], _ place: Place?
  ) -> [Double] {
    switch node.operation {
    case .projection(let bias, let form):
      let v = operands[0]
      let W = weights(node.name, form, size: v.count, place)
      let b = bias ? parameters[node.name + ".bias"] : nil
      return (0..<W.count / v.count).map { unit in
        var sum: Double = b?[unit] ?? 0
        for j in v.indices { sum += W[unit * v.count + j] * v[j] }
        return sum
      }
    case .standardize(let epsilon):
      let a = operands[0]
      let mean = a.reduce(0, +) / Double(a.count)
      let variance = a.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(a.count)
      return a.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    case .perUnit: return parameters[node.name] ?? []
    case .constant(let number): return Array(repeating: number, count: hiddenSize)
    case .add: return zip(operands[0], operands[1]).map { $0 + $1 }
    case .subtract: return zip(operands[0], operands[1]).map { $0 - $1 }
    case .multiply: return zip(operands[0], operands[1]).map { $0 * $1 }
    case .oneMinus: return operands[0].map { 1 - $0 }
    case .activation(let function): return operands[0].map { evaluate(function, $0) }
    case .threshold(let alpha): return operands[0].map { $0 > alpha ? $0 : 0 }
    case .clip(let limit): return operands[0].map { min(max($0, -limit), limit) }
    case .clipGradient: return operands[0]
    case .dropoutMask(let rate, let perStep):
      guard let place else { return Array(repeating: 1, count: hiddenSize) }
      return (0..<hiddenSize).map {
        place.isHit(stream(node), unit: $0, rate, perStep: perStep) ? 0 : 1 / (1 - rate)
      }
    case .zoneoutMask(let rate):
      guard let place else { return Array(repeating: rate, count: hiddenSize) }
      return (0..<hiddenSize).map {
        place.isHit(stream(node), unit: $0, rate, perStep: true) ? 1 : 0
      }
    }
  }

  /// The matrix that a projection multiplies with.
  private func weights(
    _ name: String, _ form: ProjectionForm, size: Int, _ place: Place?
  ) -> [Double] {
    let stored = parameters[name] ?? []
    switch form {
    case .full: return stored
    case .symmetric:
      return (0..<size * size).map {
        let (i, j) = (max($0 / size, $0 % size), min($0 / size, $0 % size))
        return stored[i * (i + 1) / 2 + j]
      }
    case .dropped(let rate):
      guard let place else { return stored }
      let names = definition.nodes.compactMap { node -> String? in
        if case .projection(_, .dropped) = node.operation { node.name } else { nil }
      }.sorted()
      let threshold = ((1 - rate) * 65536).rounded()
      return stored.indices.map {
        place.draw(UInt64(names.firstIndex(of: name) ?? 0), weight: $0) < threshold
          ? stored[$0] * 65536 / threshold : 0
      }
    }
  }

  private func stream(_ mask: CellNode) -> UInt64 {
    let names = definition.nodes.filter {
      switch $0.operation {
      case .dropoutMask, .zoneoutMask: true
      default: false
      }
    }.map(\.name).sorted()
    return UInt64(names.firstIndex(of: mask.name) ?? 0)
  }

  /// A row and a step of a pass with noise, and what is drawn there: written down a second time,
  /// because seeds of published results must give the same masks in later versions.
  struct Place {
    var noise: RecordingNoise
    var row: Int
    var step: Int

    private static func mixed(_ value: UInt64) -> UInt64 {
      var z = value
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }

    /// A number below 65536 for a weight.
    func draw(_ stream: UInt64, weight: Int) -> Double {
      let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
      func mix(_ z: UInt64) -> UInt64 { Self.mixed(z &+ golden) }
      let seed = mix(noise.seed ^ mix(stream + 1))
      let key = mix(mix(seed) &+ noise.pass)
      let bits = Self.mixed(key &+ UInt64(weight / 4 + 1) &* golden)
      return Double((bits >> (16 * UInt64(weight % 4))) & 0xffff)
    }

    func isHit(_ stream: UInt64, unit: Int, _ rate: Double, perStep: Bool) -> Bool {
      let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
      let sequence = noise.sequences?[row] ?? row
      let seed = Self.mixed(Self.mixed(noise.seed &+ golden) &+ noise.pass &+ golden)
      var key = Self.mixed(seed &+ golden &* (stream + 1))
      key = Self.mixed(key ^ UInt64(bitPattern: Int64(sequence)))
      if perStep { key = Self.mixed(key &+ golden &+ UInt64(noise.firstStep + step)) }
      var x = UInt32(unit) &* 0x9e37_79b9 &+ UInt32(truncatingIfNeeded: key)
      x = (x ^ (x >> 16)) &* 0x7feb_352d
      x = ((x ^ (x >> 15)) &+ UInt32(truncatingIfNeeded: key >> 32)) &* 0x846c_a68b
      x ^= x >> 16
      return Double(x) < (rate * 4_294_967_296).rounded(.down)
    }
  }

  private func evaluate(_ function: Activation, _ x: Double) -> Double {
    switch function {
    case .identity: x
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .relu: max(x, 0)
    case .leakyRelu(let alpha): x > 0 ? x : alpha * x
    case .elu(let alpha): x > 0 ? x : alpha * (Foundation.exp(x) - 1)
    case .softplus: log(1 + Foundation.exp(x))
    case .softsign: x / (1 + abs(x))
    case .hardSigmoid(let alpha, let beta): min(max(alpha * x + beta, 0), 1)
    case .exp: Foundation.exp(x)
    }
  }
}
