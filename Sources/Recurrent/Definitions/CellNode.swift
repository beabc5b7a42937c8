import LinAlg

/// What a node of a ``CellDefinition`` reads, or a state becomes.
public enum CellOperand: Hashable, Sendable {
  /// The input of the step, written `x`.
  case input
  /// A state before the step, written `h[t-1]`.
  case state(String)
  /// Another node's value, written as its name.
  case node(String)
}

extension CellOperand: CustomStringConvertible {
  private static let stateSuffix = "[t-1]"

  /// `x`, `h[t-1]` or a node's name.
  public var description: String {
    switch self {
    case .input: "x"
    case .state(let name): name + Self.stateSuffix
    case .node(let name): name
    }
  }

  /// The operand that `description` describes.
  public init(_ description: String) {
    if description == "x" {
      self = .input
    } else if description.hasSuffix(Self.stateSuffix) {
      self = .state(String(description.dropLast(Self.stateSuffix.count)))
    } else {
      self = .node(description)
    }
  }
}

/// What a node of a ``CellDefinition`` computes for every unit, `[N, H]`.
public enum CellOperation: Hashable, Sendable {
  /// `operand·Wᵀ`, and `+ b` where there is a bias. `W` is `[H, D]` for the input and `[H, H]` for
  /// everything else; its parameter has the name of the node, and the bias that name and `.bias`.
  case projection(bias: Bool, form: ProjectionForm = .full)
  /// `(a − mean a) / √(variance of a + ε)` over the units of each sequence: layer normalization (Ba et
  /// al. 2016) before its gain and bias, which are ``perUnit(initial:)``.
  case standardize(epsilon: Double)
  /// A trainable number for each unit, `[1, H]`, such as a bias or a diagonal peephole; its parameter
  /// has the name of the node. A fresh layer starts with `initial`.
  case perUnit(initial: Double)
  /// A number.
  case constant(Double)
  /// `a + b`.
  case add
  /// `a − b`.
  case subtract
  /// `a ⊙ b`.
  case multiply
  /// `1 − a`.
  case oneMinus
  /// `f(a)`.
  case activation(Activation)
  /// `a` where `a > α`, else 0: the thresholded rectifier of Konda et al. (2015).
  case threshold(alpha: Double)
  /// `a` limited to `[−limit, limit]`; its gradient is 0 where it has been limited.
  case clip(limit: Double)
  /// `a`, whose gradient is limited to `[−limit, limit]` on its way back (Graves 2013).
  case clipGradient(limit: Double)
  /// A factor for each unit that is 0 with probability `rate` and `1 / (1 − rate)` otherwise, while a pass
  /// is recorded with ``RecordingNoise``; else 1. The same in all steps of a sequence (Gal &
  /// Ghahramani 2016), or another in each.
  case dropoutMask(rate: Double, perStep: Bool)
  /// A number for each unit and step that is 1 with probability `rate` and 0 otherwise, while a pass is
  /// recorded with ``RecordingNoise``; else `rate` (Krueger et al. 2017).
  case zoneoutMask(rate: Double)

  /// How many operands the operation has.
  public var operandCount: Int {
    switch self {
    case .perUnit, .constant, .dropoutMask, .zoneoutMask: 0
    case .projection, .standardize, .oneMinus, .activation, .threshold, .clip, .clipGradient: 1
    case .add, .subtract, .multiply: 2
    }
  }

  /// The operation's name in files and in the names of nodes that have none of their own.
  var name: String {
    switch self {
    case .projection: "project"
    case .standardize: "standardize"
    case .perUnit: "perUnit"
    case .constant: "constant"
    case .add: "add"
    case .subtract: "subtract"
    case .multiply: "multiply"
    case .oneMinus: "oneMinus"
    case .activation(let function): function.form.name
    case .threshold: "threshold"
    case .clip: "clip"
    case .clipGradient: "clipGradient"
    case .dropoutMask: "dropoutMask"
    case .zoneoutMask: "zoneoutMask"
    }
  }
}

/// What the weights of a projection are.
public enum ProjectionForm: Hashable, Codable, Sendable {
  /// A matrix of parameters.
  case full
  /// A symmetric `[H, H]` matrix of which the parameters are one triangle, `[1, H·(H+1)/2]`: row by row
  /// what is not right of the diagonal. So it stays symmetric, whatever an optimizer does.
  case symmetric
  /// A matrix of parameters each of which is left out with probability `rate`, and else counts
  /// `1 / (1 − rate)` times, while a pass is recorded with ``RecordingNoise``: DropConnect (Wan et al.
  /// 2013) with one mask for all steps and sequences of a pass (Merity et al. 2018).
  case dropped(rate: Double)
}

/// One named value of a ``CellDefinition``.
public struct CellNode: Hashable, Sendable {
  /// The name; no two nodes of a definition share one.
  public var name: String
  /// What the node computes.
  public var operation: CellOperation
  /// What it reads.
  public var operands: [CellOperand]

  /// A node.
  public init(_ name: String, _ operation: CellOperation, of operands: [CellOperand] = []) {
    self.name = name
    self.operation = operation
    self.operands = operands
  }
}

/// One state of a ``CellDefinition``, `[N, H]`: its name, and what it becomes in each step.
public struct CellState: Hashable, Sendable {
  /// The name.
  public var name: String
  /// The value after the step.
  public var next: CellOperand

  /// A state that becomes `next` in each step.
  public init(_ name: String, next: CellOperand) {
    self.name = name
    self.next = next
  }
}
