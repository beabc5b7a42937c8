import Autodiff
import LinAlg
import Recurrent

/// The inputs and outputs of a model that is being written as ONNX; see
/// ``OnnxGraphWriter/init(tracing:name:opset:_:)``.
///
/// A model is run several times with sizes and contents that are made up, and what it computed is compared: what
/// is equal each time is a constant of the file, what follows an axis follows that axis there.
public final class OnnxTrace<Scalar: RecurrentScalar & OnnxScalar> {
  /// Computes the model.
  public let graph = Graph<Scalar>(threads: 1)

  let record = GraphRecord<Scalar>()
  private(set) var axes: [(name: String, size: Int)] = []
  private(set) var inputs: [TracedInput<Scalar>] = []
  private(set) var outputs: [TracedOutput<Scalar>] = []
  private let variation: TraceVariation
  private var generator: SeededGenerator

  init(_ variation: TraceVariation) {
    self.variation = variation
    generator = SeededGenerator(seed: variation.seed)
    graph.beginEvaluation()
    graph.record = record
  }

  /// A run with the given sizes of its axes, to compare with a file.
  package convenience init(sizes: [String: Int], seed: UInt64) {
    self.init(TraceVariation(kind: .named(sizes), seed: seed))
  }

  /// What this run's inputs are, for a file that has been made from such runs.
  package var given: [String: OnnxTensor] {
    var given: [String: OnnxTensor] = [:]
    for (name, size) in axes { given[name] = OnnxTensor(Int64(size)) }
    for input in inputs { given[input.name] = input.tensor }
    return given
  }

  /// What this run gave.
  package var results: [String: OnnxTensor] {
    var results: [String: OnnxTensor] = [:]
    for output in outputs {
      results[output.name] = OnnxTensor(shape: output.shape, output.elements)
    }
    return results
  }

  /// The size of an axis that differs from run to run, such as the number of steps, in this run.
  ///
  /// Sizes that are computed from it by sums and by products with constants follow it in the file. An axis that
  /// is the size of no input becomes an input itself, a number of type `int64`.
  ///
  /// - Parameters:
  ///   - name: what it is called in the file; one name is one axis.
  ///   - smallest: the smallest size that the model can have.
  /// - Precondition: the smallest size is positive.
  public func axis(_ name: String, from smallest: Int = 1) -> Int {
    require(smallest > 0, "OnnxTrace: axis '\(name)' of a size from \(smallest) on")
    if let known = axes.first(where: { $0.name == name }) { return known.size }
    let size = variation.size(axis: axes.count, name, from: smallest)
    axes.append((name, size))
    return size
  }

  /// An input of tokens, `[steps, batch]` of type `int64`.
  ///
  /// - Parameters:
  ///   - name: its name in the file.
  ///   - steps: `T`, an axis or a constant.
  ///   - batch: `N`, an axis or a constant.
  ///   - limit: the tokens of this run are below it.
  /// - Precondition: no other input has the name; there is a token below the limit.
  public func tokens(_ name: String, steps: Int, batch: Int, below limit: Int) -> TokenBatch {
    require(limit > 0, "OnnxTrace: tokens '\(name)' below \(limit)")
    var numbers = (0..<steps * batch).map { _ in
      Token(Int.random(in: 0..<limit, using: &generator))
    }
    // Both ends, so that what happens to them is seen.
    if let last = numbers.indices.last {
      numbers[0] = Token(limit - 1)
      numbers[last] = 0
    }
    let tokens = TokenBatch(steps: steps, batch: batch, tokens: numbers)
    add(name, [steps, batch], .tokens(tokens))
    return tokens
  }

  /// An input of lengths, `[batch]` of type `int32`: how many steps of each sequence count.
  ///
  /// - Parameters:
  ///   - name: its name in the file.
  ///   - batch: `N`, an axis or a constant.
  ///   - steps: `T`: the lengths of this run are in `1...T`.
  /// - Precondition: no other input has the name; there is a step.
  public func lengths(_ name: String, batch: Int, upTo steps: Int) -> [Int] {
    require(steps > 0, "OnnxTrace: lengths '\(name)' of \(steps) steps")
    var lengths = (0..<batch).map { _ in Int.random(in: 1...steps, using: &generator) }
    if batch > 1 { (lengths[0], lengths[1]) = (steps, max(1, steps - 1)) }
    add(name, [batch], .lengths(lengths))
    return lengths
  }

  /// An input of numbers, `[steps, batch, features]` of the model's type.
  ///
  /// - Parameters:
  ///   - name: its name in the file.
  ///   - steps: `T`, an axis, a constant, or a sum of such.
  ///   - batch: `N`, likewise.
  ///   - features: `F`, likewise.
  /// - Precondition: no other input has the name.
  public func values(_ name: String, steps: Int = 1, batch: Int, features: Int) -> Node<Scalar> {
    let values = SequenceBatch<Scalar>(
      steps: steps, batch: batch, features: features,
      elements: (0..<steps * batch * features).map { _ in
        Scalar(Double.random(in: -1...1, using: &generator))
      })
    let node = graph.constant(values)
    add(name, [steps, batch, features], .values(values, number: node.number))
    return node
  }

  /// Makes a value an output of the file, `[T, N, F]`.
  ///
  /// - Precondition: no other output has the name.
  public func output(_ name: String, _ value: Node<Scalar>) {
    checkName(name)
    let shape = value.shape
    outputs.append(
      TracedOutput(
        name: name, number: value.number, shape: [shape.steps, shape.batch, shape.features],
        elements: value.value.elements))
  }

  private func add(_ name: String, _ shape: [Int], _ content: TracedInput<Scalar>.Content) {
    checkName(name)
    inputs.append(TracedInput(name: name, shape: shape, content: content))
  }

  private func checkName(_ name: String) {
    require(
      !inputs.contains { $0.name == name } && !outputs.contains { $0.name == name },
      "OnnxTrace: two values are called '\(name)'")
  }
}

/// Which sizes a run has.
struct TraceVariation {
  enum Kind {
    /// One size for each axis.
    case plain
    /// One axis larger.
    case larger(axis: Int)
    /// All axes larger, each by another number.
    case allLarger
    /// All axes as small as they can be.
    case smallest
    /// Axes of these sizes, and the smallest of others.
    case named([String: Int])
  }

  var kind: Kind
  var seed: UInt64

  /// How much larger an axis is in the run that makes it larger.
  static let step = 2

  func size(axis: Int, _ name: String, from smallest: Int) -> Int {
    let plain = smallest + 3 + axis
    switch kind {
    case .plain: return plain
    case .larger(let larger): return axis == larger ? plain + Self.step : plain
    case .allLarger: return plain + 3 + axis % 3
    case .smallest: return smallest
    case .named(let sizes): return sizes[name] ?? smallest
    }
  }
}

/// An input of a traced model, as it was in one run.
struct TracedInput<Scalar: RecurrentScalar & OnnxScalar> {
  enum Content {
    case tokens(TokenBatch)
    case lengths([Int])
    case values(SequenceBatch<Scalar>, number: UInt64)
  }

  let name: String
  let shape: [Int]
  let content: Content

  var type: OnnxElementType {
    switch content {
    case .tokens: .int64
    case .lengths: .int32
    case .values: Scalar.onnxType
    }
  }

  var tensor: OnnxTensor {
    switch content {
    case .tokens(let tokens): OnnxTensor(shape: shape, tokens.tokens.map { Int64($0) })
    case .lengths(let lengths): OnnxTensor(shape: shape, lengths.map { Int32($0) })
    case .values(let values, _): OnnxTensor(shape: shape, values.elements)
    }
  }
}

/// An output of a traced model, as it was in one run.
struct TracedOutput<Scalar> {
  let name: String
  let number: UInt64
  let shape: [Int]
  let elements: [Scalar]
}
