import LinAlg

/// A value of a cell in the making: one number for every unit. See ``CellDefinition``.
public struct CellExpression: Sendable {
  /// What an expression is made of; shared, so that a value that is used twice is one node.
  final class Content: Sendable {
    let name: String?
    /// Changes in `deinit` alone, when nobody else can see it.
    nonisolated(unsafe) private(set) var term: Term

    init(_ term: Term, name: String? = nil) {
      self.term = term
      self.name = name
    }

    /// Lets go of what nobody else holds, one by one: each release from inside another would take a
    /// piece of the stack, and an expression may be deeper than that.
    deinit {
      var rest = takeOperands()
      while var content = rest.popLast() {
        if isKnownUniquelyReferenced(&content) { rest += content.takeOperands() }
      }
    }

    private func takeOperands() -> [Content] {
      guard case .operation(_, let operands) = term else { return [] }
      term = .input
      return operands
    }
  }

  enum Term: Sendable {
    case input
    case state(String)
    case operation(CellOperation, [Content])
  }

  let content: Content

  init(_ term: Term, name: String? = nil) { content = Content(term, name: name) }

  init(_ operation: CellOperation, _ operands: CellExpression..., name: String? = nil) {
    self.init(.operation(operation, operands.map(\.content)), name: name)
  }

  /// The input of the step. Where it meets other values without a projection, `D` must be `H`.
  public static let x = CellExpression(.input)

  /// A state before the step.
  public static func state(_ name: String) -> CellExpression { CellExpression(.state(name)) }

  /// A trainable number for each unit: a bias, a diagonal peephole.
  ///
  /// - Parameters:
  ///   - name: the name of the parameter.
  ///   - initial: what a fresh layer starts with.
  public static func perUnit(_ name: String, initial: Double = 0) -> CellExpression {
    CellExpression(.perUnit(initial: initial), name: name)
  }

  /// A random factor for each unit; see ``CellOperation/dropoutMask(rate:perStep:)``. Masks of
  /// different names are independent.
  public static func dropoutMask(
    _ name: String, rate: Double, perStep: Bool = false
  ) -> CellExpression {
    CellExpression(.dropoutMask(rate: rate, perStep: perStep), name: name)
  }

  /// A random choice for each unit and step; see ``CellOperation/zoneoutMask(rate:)``. Masks of
  /// different names are independent.
  public static func zoneoutMask(_ name: String, rate: Double) -> CellExpression {
    CellExpression(.zoneoutMask(rate: rate), name: name)
  }

  /// The same value with a name, which errors and files use. The input and states keep theirs, and
  /// so do projections and per-unit parameters.
  public func named(_ name: String) -> CellExpression {
    switch content.term {
    case .input, .state, .operation(.projection, _), .operation(.perUnit, _),
      .operation(.dropoutMask, _), .operation(.zoneoutMask, _):
      self
    case .operation: CellExpression(content.term, name: name)
    }
  }

  /// `function` of the value.
  public func activated(by function: Activation) -> CellExpression {
    CellExpression(.activation(function), self)
  }

  /// The value less its mean over the units, divided by its standard deviation over the units; see
  /// ``CellOperation/standardize(epsilon:)``.
  public func standardized(epsilon: Double = 1e-5) -> CellExpression {
    CellExpression(.standardize(epsilon: epsilon), self)
  }

  /// The value where it is above `alpha`, else 0.
  public func thresholded(above alpha: Double) -> CellExpression {
    CellExpression(.threshold(alpha: alpha), self)
  }

  /// The value limited to `[−limit, limit]`; no gradient passes where it has been limited.
  public func clipped(to limit: Double) -> CellExpression {
    CellExpression(.clip(limit: limit), self)
  }

  /// The same value; the gradient that passes back through it is limited to `[−limit, limit]`.
  public func clippingGradient(to limit: Double) -> CellExpression {
    CellExpression(.clipGradient(limit: limit), self)
  }
}

/// A linear map to the units, with a weight matrix that is trained: `W [H, D]` for the input,
/// `W [H, H]` for any other value.
public struct Projection: Sendable {
  /// The name of the weights and of the node.
  public var name: String
  /// Whether a bias is added; its name is the projection's and `.bias`.
  public var bias: Bool
  /// What the weights are.
  public var form: ProjectionForm

  /// A projection with weights of the given name.
  public init(_ name: String, bias: Bool = false, form: ProjectionForm = .full) {
    self.name = name
    self.bias = bias
    self.form = form
  }

  /// `operand·Wᵀ`, or `operand·Wᵀ + b`. A projection has one operand in a cell.
  public func callAsFunction(_ operand: CellExpression) -> CellExpression {
    CellExpression(.projection(bias: bias, form: form), operand, name: name)
  }
}

extension CellExpression: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A constant.
  public init(floatLiteral value: Double) { self.init(.constant(value)) }

  /// A constant.
  public init(integerLiteral value: Int) { self.init(.constant(Double(value))) }

  /// A constant.
  public static func constant(_ value: Double) -> CellExpression {
    CellExpression(.constant(value))
  }

  private var constant: Double? {
    if case .operation(.constant(let value), _) = content.term { value } else { nil }
  }

  /// The sum.
  public static func + (a: CellExpression, b: CellExpression) -> CellExpression {
    CellExpression(.add, a, b)
  }

  /// The difference.
  public static func - (a: CellExpression, b: CellExpression) -> CellExpression {
    a.constant == 1 ? CellExpression(.oneMinus, b) : CellExpression(.subtract, a, b)
  }

  /// The product, unit by unit.
  public static func * (a: CellExpression, b: CellExpression) -> CellExpression {
    CellExpression(.multiply, a, b)
  }

  /// The negative.
  public static prefix func - (a: CellExpression) -> CellExpression { -1 * a }
}

/// The hyperbolic tangent of a value of a cell.
public func tanh(_ a: CellExpression) -> CellExpression { a.activated(by: .tanh) }

/// The logistic function of a value of a cell.
public func sigmoid(_ a: CellExpression) -> CellExpression { a.activated(by: .sigmoid) }

/// The positive part of a value of a cell.
public func relu(_ a: CellExpression) -> CellExpression { a.activated(by: .relu) }

/// Turns expressions into nodes: equal operations of equal operands become one.
struct NodeCollector {
  private struct Key: Hashable {
    var name: String?
    var operation: CellOperation
    var operands: [CellOperand]
  }

  private(set) var nodes: [CellNode] = []
  private var byKey: [Key: String] = [:]
  private var byContent: [ObjectIdentifier: CellOperand] = [:]
  private var taken: Set<String> = []
  private var counts: [String: Int] = [:]

  /// - Parameter roots: all that will be collected, so that no node is given a name of another.
  init(_ roots: [CellExpression]) {
    var (rest, seen) = (roots.map(\.content), Set<ObjectIdentifier>())
    while let content = rest.popLast() {
      guard seen.insert(ObjectIdentifier(content)).inserted else { continue }
      if let name = content.name { taken.insert(name) }
      if case .operation(_, let operands) = content.term { rest += operands }
    }
  }

  /// Collects an expression, operands before what reads them, the first operand first.
  ///
  /// Depth-first with a stack of its own: an expression may be deeper than the thread's.
  mutating func operand(_ root: CellExpression.Content) throws(CellDefinitionError) -> CellOperand {
    var (rest, result) = ([root], CellOperand.input)
    while let content = rest.last {
      let id = ObjectIdentifier(content)
      if let known = byContent[id] {
        result = known
        rest.removeLast()
        continue
      }
      switch content.term {
      case .input: byContent[id] = .input
      case .state(let name): byContent[id] = .state(name)
      case .operation(let operation, let contents):
        let operands = contents.compactMap { byContent[ObjectIdentifier($0)] }
        if operands.count == contents.count {
          byContent[id] = .node(
            node(Key(name: content.name, operation: operation, operands: operands)))
        } else {
          rest += contents.reversed()
        }
      }
    }
    try CellLimit.nodes.check(nodes.count)
    return result
  }

  private mutating func node(_ key: Key) -> String {
    if let name = byKey[key] { return name }
    let name = key.name ?? freshName(key.operation.name)
    byKey[key] = name
    nodes.append(CellNode(name, key.operation, of: key.operands))
    return name
  }

  private mutating func freshName(_ stem: String) -> String {
    while true {
      let count = counts[stem, default: 0] + 1
      counts[stem] = count
      let name = stem + String(count)
      if taken.insert(name).inserted { return name }
    }
  }
}
