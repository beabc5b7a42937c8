import Autodiff
import LinAlg
import Recurrent

// A loop over an axis takes more operations where the axis is larger, the same ones in each round. Folded, it takes
// those of one round in every run, and runs can be compared.
//
// What a round reads is a value from before the loop, the same in all rounds; one of its own; one of the round
// before, which a state carries, from a value before the loop on; or the step of a sequence that has the round's
// number. What is read of it afterwards is the value of the last round, or those of all rounds as steps.

/// Where a value of a run comes from: an output of an operation.
struct ValuePlace: Hashable {
  var operation: Int
  var output: Int
}

/// A value that an operation of a folded run reads.
enum FoldedValue: Hashable {
  case made(ValuePlace)
  /// The state of a number of the loop.
  case carried(Int)
  /// The present step of the sequence of a number.
  case scanned(Int)
  /// What the loop gives under a number.
  case result(Int)
}

/// An operation of a folded run.
struct FoldedOperation<S: RecurrentScalar & OnnxScalar> {
  var operation: OperationRecord<S>
  var inputs: [FoldedValue]
  var outputs: [NodeShape]
}

/// What a loop reads and gives, the same in all runs; places are those of the folded run.
struct FoldedLoop: Hashable {
  /// The operations of a round.
  var body: Range<Int>
  /// States: the values before the first round, and what each round leaves.
  var carried: [Carried] = []
  /// Sequences of which each round reads a step, from a step on.
  var scanned: [Scanned] = []
  /// Values of rounds that are read afterwards.
  var results: [Result] = []

  struct Carried: Hashable {
    var initial: ValuePlace
    var next: ValuePlace
  }

  struct Scanned: Hashable {
    var sequence: ValuePlace
    var start: Int
  }

  struct Result: Hashable {
    var value: ValuePlace
    /// The values of all rounds, one behind the other; otherwise that of the last.
    var isStacked: Bool
  }
}

/// What a model computed in one run, operation by operation.
struct FoldedRun<S: RecurrentScalar & OnnxScalar> {
  var operations: [FoldedOperation<S>] = []
  /// What each input of the run is; nil for tokens and lengths, which are no values.
  var inputs: [FoldedValue?]
  /// Where each output of the run comes from; nil where nothing made it.
  var outputs: [FoldedValue?]
  /// How many rounds the loop has, where there is one.
  var rounds = 0

  /// A run as it was; nil where an operation reads what none made.
  init?(_ trace: OnnxTrace<S>) {
    var places: [UInt64: FoldedValue] = [:]
    for (i, entry) in trace.record.entries.enumerated() {
      let inputs = entry.inputs.compactMap { places[$0] }
      guard inputs.count == entry.inputs.count else { return nil }
      for (k, output) in entry.outputs.enumerated() {
        places[output.value] = .made(ValuePlace(operation: i, output: k))
      }
      operations.append(
        FoldedOperation(
          operation: entry.operation, inputs: inputs, outputs: entry.outputs.map(\.shape)))
    }
    inputs = trace.inputs.map { input in
      if case .values(_, let number) = input.content { places[number] } else { nil }
    }
    outputs = trace.outputs.map { places[$0.number] }
  }
}

extension FoldedRun {
  /// Folds the one loop that all runs have, over an axis.
  ///
  /// - Parameters:
  ///   - runs: with plain sizes, with one larger axis each, and with all larger.
  ///   - sizes: the sizes of the axes in each run.
  /// - Returns: the loop; nil, and the runs are as they were, where they are no such runs.
  static func fold(_ runs: inout [FoldedRun], axes sizes: [[Int]]) -> FoldedLoop? {
    let counts = runs.map(\.operations.count)
    guard
      let axis = sizes[0].indices.first(where: { counts[1 + $0] != counts[0] }),
      case let (rise, step) = (counts[1 + axis] - counts[0], sizes[1 + axis][axis] - sizes[0][axis]),
      rise > 0, rise % step == 0
    else { return nil }
    let length = rise / step
    // The first round may lack a state, and so be no round of the loop.
    for more in [0, -1, 1] {
      let rounds = sizes.map { $0[axis] + more }
      let rest = counts[0] - rounds[0] * length
      guard rest >= 0, zip(counts, rounds).allSatisfy({ $0 == rest + $1 * length }) else {
        continue
      }
      for start in 0...rest {
        let found = zip(runs, rounds).map { run, count in
          LoopSearch(run, body: start..<start + length, rounds: count).folded()
        }
        guard let loop = found[0]?.loop, found.allSatisfy({ $0?.loop == loop }) else { continue }
        runs = found.compactMap { $0?.run }
        return loop
      }
    }
    return nil
  }
}

/// Looks whether the rounds of a run are those of a loop.
private struct LoopSearch<S: RecurrentScalar & OnnxScalar> {
  let run: FoldedRun<S>
  let rounds: Int
  /// How many operations a round has.
  let length: Int
  /// Where the first operation behind the last round stands.
  let end: Int
  private var loop: FoldedLoop

  /// - Parameter body: the first round.
  init(_ run: FoldedRun<S>, body: Range<Int>, rounds: Int) {
    (self.run, self.rounds, length) = (run, rounds, body.count)
    end = body.lowerBound + rounds * body.count
    loop = FoldedLoop(body: body)
  }

  /// The run with one round, and the loop; nil where these are not rounds of one.
  func folded() -> (run: FoldedRun<S>, loop: FoldedLoop)? {
    var search = self
    guard rounds > 1, let run = search.fold() else { return nil }
    return (run, search.loop)
  }

  private mutating func fold() -> FoldedRun<S>? {
    var result = run
    result.rounds = rounds
    result.operations.removeSubrange(loop.body.upperBound..<end)
    for i in loop.body {
      guard let operation = round(i) else { return nil }
      result.operations[i] = operation
    }
    for i in end..<run.operations.count {
      var operation = run.operations[i]
      guard let inputs = inputsBehind(operation) else { return nil }
      operation.inputs = inputs
      result.operations[i - end + loop.body.upperBound] = operation
    }
    result.inputs = run.inputs.map { $0.flatMap { valueBehind($0) } }
    result.outputs = run.outputs.map { $0.flatMap { valueBehind($0) } }
    return result
  }

  /// An operation of the first round, as it is in every one.
  private mutating func round(_ i: Int) -> FoldedOperation<S>? {
    let all = (0..<rounds).map { run.operations[i + $0 * length] }
    var operation = all[0]
    guard
      all.allSatisfy({
        $0.operation.name == operation.operation.name && $0.outputs == operation.outputs
          && $0.inputs.count == operation.inputs.count
      })
    else { return nil }
    if let start = presentStep(all), case .made(let sequence) = operation.inputs[0],
      sequence.operation < loop.body.lowerBound,
      all.allSatisfy({ $0.inputs == operation.inputs })
    {
      operation.operation = .identity
      operation.inputs = [
        .scanned(loop.scanned.number(.init(sequence: sequence, start: start)))
      ]
      return operation
    }
    guard all.allSatisfy({ $0.operation.agrees(with: operation.operation) }) else { return nil }
    for k in operation.inputs.indices {
      guard let input = input(all.map { $0.inputs[k] }, of: i) else { return nil }
      operation.inputs[k] = input
    }
    return operation
  }

  /// The first round's step, where the rounds take one step after the other.
  private func presentStep(_ all: [FoldedOperation<S>]) -> Int? {
    let steps = all.compactMap { operation -> Int? in
      guard case .slice(.steps, let range) = operation.operation, range.count == 1 else {
        return nil
      }
      return range.lowerBound
    }
    guard steps.count == all.count, steps.indices.allSatisfy({ steps[$0] == steps[0] + $0 }) else {
      return nil
    }
    return steps[0]
  }

  /// What an operation of the first round reads, where the rounds read these.
  private mutating func input(_ all: [FoldedValue], of operation: Int) -> FoldedValue? {
    let places = all.compactMap { if case .made(let place) = $0 { place } else { nil } }
    guard places.count == all.count, places.count > 1 else { return nil }
    let (first, second) = (places[0], places[1])
    let isBefore = first.operation < loop.body.lowerBound
    if isBefore, places.allSatisfy({ $0 == first }) { return all[0] }
    if loop.body.contains(first.operation), follows(places, from: first, at: 0) { return all[0] }
    let next = second
    guard isBefore, loop.body.contains(next.operation),
      follows(Array(places.dropFirst()), from: next, at: 0),
      shape(first) == shape(next)
    else { return nil }
    return .carried(loop.carried.number(.init(initial: first, next: next)))
  }

  /// Whether the places are those of an operation in one round after the other.
  private func follows(_ places: [ValuePlace], from first: ValuePlace, at round: Int) -> Bool {
    places.indices.allSatisfy {
      places[$0]
        == ValuePlace(operation: first.operation + (round + $0) * length, output: first.output)
    }
  }

  private func shape(_ place: ValuePlace) -> NodeShape {
    run.operations[place.operation].outputs[place.output]
  }

  /// What an operation behind the loop reads; values of all rounds, joined, become one.
  private mutating func inputsBehind(_ operation: FoldedOperation<S>) -> [FoldedValue]? {
    var inputs: [FoldedValue] = []
    var i = 0
    while i < operation.inputs.count {
      if case .joined(.steps) = operation.operation,
        let stacked = stacked(operation.inputs.dropFirst(i))
      {
        inputs.append(stacked)
        i += rounds
        continue
      }
      guard let input = valueBehind(operation.inputs[i]) else { return nil }
      inputs.append(input)
      i += 1
    }
    return inputs
  }

  private mutating func stacked(_ inputs: ArraySlice<FoldedValue>) -> FoldedValue? {
    let places = inputs.prefix(rounds).compactMap {
      if case .made(let place) = $0 { place } else { nil }
    }
    guard places.count == rounds, loop.body.contains(places[0].operation),
      follows(places, from: places[0], at: 0), shape(places[0]).steps == 1
    else { return nil }
    return .result(loop.results.number(.init(value: places[0], isStacked: true)))
  }

  /// A value that is read behind the loop; nil for one of a round that is not the last.
  private mutating func valueBehind(_ value: FoldedValue) -> FoldedValue? {
    guard case .made(var place) = value else { return nil }
    if place.operation < loop.body.lowerBound { return value }
    if place.operation >= end {
      place.operation -= end - loop.body.upperBound
      return .made(place)
    }
    guard place.operation >= end - length, shape(place).steps == 1 else { return nil }
    place.operation -= end - loop.body.upperBound
    return .result(loop.results.number(.init(value: place, isStacked: false)))
  }
}

extension Array where Element: Equatable {
  /// The number of an element, which is added where it is not there.
  fileprivate mutating func number(_ element: Element) -> Int {
    if let known = firstIndex(of: element) { return known }
    append(element)
    return count - 1
  }
}

extension OperationRecord {
  /// What the operation is called, without what it was given.
  var name: String { Mirror(reflecting: self).children.first?.label ?? "\(self)" }

  /// Whether another operation of this name does the same, as far as a loop may say otherwise in each round; what
  /// else differs is found when the file is compared with the model.
  fileprivate func agrees(with other: Self) -> Bool {
    switch (self, other) {
    case (.slice(let axis, let range), .slice(let otherAxis, let otherRange)):
      axis == otherAxis && range == otherRange
    case (.combined(let kind), .combined(let otherKind)): kind == otherKind
    case (.activation(let function), .activation(let otherFunction)): function == otherFunction
    default: true
    }
  }
}
