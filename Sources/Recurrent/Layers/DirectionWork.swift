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

/// Both directions of a bidirectional layer: recorded on a tape, or with the buffers of inference.
struct DirectionForward<Layer: SequenceLayer>: TwoHalves {
  let forward: Layer
  let backward: Reversed<Layer>
  let x: SequenceBatch<Layer.Scalar>
  let state: BidirectionalState<Layer.State>?
  let lengths: [Int]?
  var tape: Bidirectional<Layer>.TapeContents?
  var workspace: Bidirectional<Layer>.WorkspaceContents?

  func first(threads: Int) -> RecurrentOutput<Layer.State> {
    half(forward, state?.forward, tape?.forward, workspace?.forward, threads)
  }

  func second(threads: Int) -> RecurrentOutput<Layer.State> {
    half(backward, state?.backward, tape?.backward, workspace?.backward, threads)
  }

  private func half<Half: SequenceLayer<Layer.Scalar>>(
    _ layer: Half, _ state: Half.State?, _ tape: Half.Recording?, _ workspace: Half.Buffers?,
    _ threads: Int
  ) -> RecurrentOutput<Half.State> {
    guard let tape else {
      return layer(x, from: state, lengths: lengths, threads: threads, workspace: workspace)
    }
    return layer.forward(x, from: state, lengths: lengths, threads: threads, recording: tape)
  }
}

/// The recorded pass of both directions, backwards.
struct DirectionBackward<Layer: SequenceLayer>: TwoHalves {
  let forward: Layer
  let backward: Reversed<Layer>
  let dForward: SequenceBatch<Layer.Scalar>?
  let dBackward: SequenceBatch<Layer.Scalar>?
  let dState: BidirectionalState<Layer.State>?
  let tape: Bidirectional<Layer>.TapeContents
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
