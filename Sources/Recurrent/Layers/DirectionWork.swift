import LinAlg

/// Two halves of a call that do not depend on each other: at the same time where there are two threads
/// or more, and then each with half of them.
protocol TwoHalves {
  associatedtype Half
  func first(threads: Int) -> Half
  func second(threads: Int) -> Half
}

extension TwoHalves {
  func run(threads: Int) -> (Half, Half) {
    var (first, second): (Half?, Half?) = (nil, nil)
    withUnsafeMutablePointer(to: &first) { first in
      withUnsafeMutablePointer(to: &second) { second in
        ThreadTeam.shared.run(
          threads: min(threads, 2),
          HalvesWork(halves: self, threads: threads, first: first, second: second))
      }
    }
    guard let first, let second else { failRequirement("a half of the call did not run") }
    return (first, second)
  }
}

private struct HalvesWork<Halves: TwoHalves>: TeamWork {
  let halves: Halves
  let threads: Int
  let first: UnsafeMutablePointer<Halves.Half?>
  let second: UnsafeMutablePointer<Halves.Half?>

  func run(_ member: TeamMember) {
    let mine = member.share(of: 2)
    if mine.contains(0) { first.pointee = halves.first(threads: (threads + 1) / 2) }
    if mine.contains(1) { second.pointee = halves.second(threads: max(1, threads / 2)) }
  }
}

/// Both directions of a bidirectional layer, without a recording.
struct DirectionInference<Layer: SequenceLayer>: TwoHalves {
  let forward: Layer
  let backward: Reversed<Layer>
  let x: SequenceBatch<Layer.Scalar>
  let state: BidirectionalState<Layer.State>?
  let lengths: [Int]?
  let workspace: BidirectionalWorkspace<Layer>

  func first(threads: Int) -> RecurrentOutput<Layer.State> {
    forward(
      x, from: state?.forward, lengths: lengths, threads: threads, workspace: workspace.forward)
  }

  func second(threads: Int) -> RecurrentOutput<Layer.State> {
    backward(
      x, from: state?.backward, lengths: lengths, threads: threads, workspace: workspace.backward)
  }
}

/// Both directions of a bidirectional layer, recorded.
struct DirectionForward<Layer: SequenceLayer>: TwoHalves {
  let forward: Layer
  let backward: Reversed<Layer>
  let x: SequenceBatch<Layer.Scalar>
  let state: BidirectionalState<Layer.State>?
  let lengths: [Int]?
  let tape: BidirectionalTape<Layer>

  func first(threads: Int) -> RecurrentOutput<Layer.State> {
    forward.forward(
      x, from: state?.forward, lengths: lengths, threads: threads, recording: tape.forward)
  }

  func second(threads: Int) -> RecurrentOutput<Layer.State> {
    backward.forward(
      x, from: state?.backward, lengths: lengths, threads: threads, recording: tape.backward)
  }
}

/// The recorded pass of both directions, backwards.
struct DirectionBackward<Layer: SequenceLayer>: TwoHalves {
  let forward: Layer
  let backward: Reversed<Layer>
  let dForward: SequenceBatch<Layer.Scalar>?
  let dBackward: SequenceBatch<Layer.Scalar>?
  let dState: BidirectionalState<Layer.State>?
  let tape: BidirectionalTape<Layer>
  let forwardGradients: UnsafeMutablePointer<Layer.Parameters>
  let backwardGradients: UnsafeMutablePointer<Layer.Parameters>

  func first(threads: Int) -> InputGradients<Layer.State> {
    forward.backward(
      dForward, finalState: dState?.forward, through: tape.forward, threads: threads,
      accumulatingInto: &forwardGradients.pointee)
  }

  func second(threads: Int) -> InputGradients<Layer.State> {
    backward.backward(
      dBackward, finalState: dState?.backward, through: tape.backward, threads: threads,
      accumulatingInto: &backwardGradients.pointee)
  }
}
