import LinAlg
import Recurrent

/// What a model hands its parts to, one after the other, each with its name; see ``Model``.
public struct PartVisitor<Scalar: RecurrentScalar> {
  enum Task {
    /// Shares the blocks of all parts, and notes their names.
    case gather
    /// Notes versions and layouts only.
    case register
    /// Moves the blocks out of the parts.
    case take
    /// Moves the blocks into the parts.
    case put
    /// Gives blocks that hold the same memory as one before them memory of their own.
    case separate
    /// Hands the parts to somebody else, by their names.
    case hand
  }

  let task: Task
  var blocks: [ParameterBlock<Scalar>] = []
  var names: [String] = []
  var versions: [UInt64] = []
  var layouts: [ParameterLayout] = []
  /// What stands in for the parameters of parts while their blocks are elsewhere, part by part.
  var standIns: [AnyObject] = []
  private var part = 0
  private var path: [String] = []
  private var position = 0

  /// Who gets the parts.
  var receiver: (any PartReceiver<Scalar>)?

  init(_ task: Task) { self.task = task }

  private var needsNames: Bool { task == .gather || task == .hand }

  /// A part with parameters: a layer, an embedding, an affine map.
  public mutating func callAsFunction<Part: Trainable<Scalar>>(
    _ name: StaticString, _ part: inout Part
  ) {
    visit(name, number: nil, &part)
  }

  /// Several parts of one kind, which are called `name.0`, `name.1`, …
  public mutating func callAsFunction<Part: Trainable<Scalar>>(
    _ name: StaticString, _ parts: inout [Part]
  ) {
    for i in 0..<parts.count { visit(name, number: i, &parts[i]) }
  }

  /// A part that is a model itself; its parts are called `name.part`.
  public mutating func callAsFunction<Part: Model<Scalar>>(
    _ name: StaticString, _ model: inout Part
  ) {
    if needsNames { path.append("\(name)") }
    model.visitParts(&self)
    if needsNames { path.removeLast() }
  }

  /// Several models of one kind, whose parts are called `name.0.part`, `name.1.part`, …
  public mutating func callAsFunction<Part: Model<Scalar>>(
    _ name: StaticString, _ models: inout [Part]
  ) {
    for i in 0..<models.count {
      if needsNames { path.append("\(name).\(i)") }
      models[i].visitParts(&self)
      if needsNames { path.removeLast() }
    }
  }

  /// A part that a model may be without.
  public mutating func callAsFunction<Part: Trainable<Scalar>>(
    _ name: StaticString, _ part: inout Part?
  ) {
    guard var value = part else { return }
    // What is held twice would be copied.
    part = nil
    visit(name, number: nil, &value)
    part = value
  }

  /// A model that a model may be without.
  public mutating func callAsFunction<Part: Model<Scalar>>(
    _ name: StaticString, _ model: inout Part?
  ) {
    guard var value = model else { return }
    model = nil
    self(name, &value)
    model = value
  }

  private mutating func visit<Part: Trainable<Scalar>>(
    _ name: StaticString, number: Int?, _ part: inout Part
  ) {
    switch task {
    case .take: return take(&part)
    case .put: return put(&part)
    case .hand:
      let whole = blockName("\(name)", number, block: 0, of: 1)
      receiver?.receive(whole, &part)
      return
    default: break
    }
    var parameters = part.parameters
    let count = parameters.blockCount
    var isChanged = false
    for i in 0..<count {
      var block = parameters[block: i]
      switch task {
      case .gather:
        blocks.append(block)
        names.append(blockName("\(name)", number, block: i, of: count))
      case .register:
        versions.append(block.version)
        layouts.append(block.layout)
      case .separate:
        if versions.contains(block.version) {
          block.withUnsafeMutableBufferPointer { _ in }
          parameters[block: i] = block
          isChanged = true
        }
        versions.append(block.version)
      case .take, .put, .hand: break
      }
    }
    if isChanged { part.parameters = parameters }
  }

  /// The stand-in of the part that is visited.
  private mutating func standIn<Part: Trainable<Scalar>>(of part: Part) -> StandIn<Part.Parameters>
  {
    defer { self.part += 1 }
    if self.part < standIns.count, type(of: standIns[self.part]) == StandIn<Part.Parameters>.self {
      return unsafeDowncast(standIns[self.part], to: StandIn<Part.Parameters>.self)
    }
    let result = StandIn(part.parameters)
    standIns.removeSubrange(min(self.part, standIns.count)...)
    standIns.append(result)
    return result
  }

  private mutating func take<Part: Trainable<Scalar>>(_ part: inout Part) {
    let standIn = standIn(of: part)
    // The part gives its parameters away whole, so that nothing that holds them is copied.
    standIn.kept = part.parameters
    part.parameters = standIn.empty
    for i in 0..<standIn.kept.blockCount {
      blocks.append(standIn.kept[block: i])
      standIn.kept[block: i] = standIn.placeholder
    }
  }

  private mutating func put<Part: Trainable<Scalar>>(_ part: inout Part) {
    let standIn = standIn(of: part)
    for i in 0..<standIn.kept.blockCount {
      require(
        position < blocks.count,
        "a model with more parts than before: visitParts(_:) must not change")
      standIn.kept[block: i] = blocks[position]
      position += 1
    }
    part.parameters = standIn.kept
    standIn.kept = standIn.empty
  }

  private func blockName(_ name: String, _ number: Int?, block: Int, of count: Int) -> String {
    var words = path + [name]
    if let number { words.append("\(number)") }
    if count > 1 { words.append("\(block)") }
    return words.joined(separator: ".")
  }
}

/// Gets the parts of a model, one after the other, each with its name within the model.
package protocol PartReceiver<Scalar> {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar

  /// Takes a part and may change it.
  mutating func receive<Part: Trainable<Scalar>>(_ name: String, _ part: inout Part)
}

extension Model {
  /// Hands every part to `receiver`, in their order, and returns what it has become.
  package mutating func handParts<Receiver: PartReceiver<Scalar>>(
    to receiver: Receiver
  ) -> Receiver {
    var visitor = PartVisitor<Scalar>(.hand)
    visitor.receiver = receiver
    visitParts(&visitor)
    return visitor.receiver as? Receiver ?? receiver
  }
}

/// Parameters without memory, in the place of a part's own while those are elsewhere.
private final class StandIn<Parameters: ParameterSet> {
  let placeholder = ParameterBlock<Parameters.Scalar>([])
  let empty: Parameters
  /// The part's own parameters, from when they are taken until they are put back.
  var kept: Parameters

  init(_ parameters: Parameters) {
    var empty = parameters
    for i in 0..<empty.blockCount { empty[block: i] = placeholder }
    self.empty = empty
    kept = empty
  }
}
