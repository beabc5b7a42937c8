import Foundation
import LinAlg
import Recurrent

/// Runs a definition as it is written, node by node in Double: nothing of the plan compiler, the engine
/// or its kernels.
struct CellEvaluator {
  let definition: CellDefinition
  let inputSize: Int
  let hiddenSize: Int
  /// Each parameter by name, row-major.
  let parameters: [String: [Double]]

  init(_ layer: DefinedLayer<Double>) {
    definition = layer.definition
    inputSize = layer.inputSize
    hiddenSize = layer.hiddenSize
    var parameters: [String: [Double]] = [:]
    for name in layer.parameters.names { parameters[name] = layer.parameters[name].elements }
    self.parameters = parameters
  }

  /// The outputs `[T, N, H]` and the final states of a case.
  func run(_ c: DefinedCase<Double>) -> (outputs: [Double], final: [[Double]]) {
    let (T, N, D, H) = (c.steps, c.batch, inputSize, hiddenSize)
    var outputs = [Double](repeating: 0, count: T * N * H)
    var final = c.initial ?? definition.states.map { _ in [Double](repeating: 0, count: N * H) }
    for n in 0..<N {
      var states = final.map { Array($0[n * H..<(n + 1) * H]) }
      for t in 0..<(c.lengths?[n] ?? T) {
        let start = (t * N + n) * D
        let place = c.noise.map { Place(noise: $0, row: n, step: t) }
        states = step(Array(c.x[start..<start + D]), states, place)
        outputs.replaceSubrange((t * N + n) * H..<(t * N + n + 1) * H, with: states[0])
      }
      for (i, state) in states.enumerated() {
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
    case .projection(let bias):
      let (W, v) = (parameters[node.name] ?? [], operands[0])
      let b = bias ? parameters[node.name + ".bias"] : nil
      return (0..<hiddenSize).map { unit in
        var sum: Double = b?[unit] ?? 0
        for j in v.indices { sum += W[unit * v.count + j] * v[j] }
        return sum
      }
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
