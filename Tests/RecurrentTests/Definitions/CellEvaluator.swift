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
        states = step(Array(c.x[start..<start + D]), states)
        outputs.replaceSubrange((t * N + n) * H..<(t * N + n + 1) * H, with: states[0])
      }
      for (i, state) in states.enumerated() {
        final[i].replaceSubrange(n * H..<(n + 1) * H, with: state)
      }
    }
    return (outputs, final)
  }

  private func step(_ x: [Double], _ states: [[Double]]) -> [[Double]] {
    var known: [String: [Double]] = [:]
    func value(_ operand: CellOperand) -> [Double] {
      switch operand {
      case .input: return x
      case .state(let name): return states[definition.states.firstIndex { $0.name == name } ?? 0]
      case .node(let name):
        if let value = known[name] { return value }
        guard let node = definition.nodes.first(where: { $0.name == name }) else { return [] }
        let operands = node.operands.map(value)
        let result = evaluate(node, operands)
        known[name] = result
        return result
      }
    }
    return definition.states.map { value($0.next) }
  }

  private func evaluate(_ node: CellNode, _ operands: [[Double]]) -> [Double] {
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
