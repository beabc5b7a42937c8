import LinAlg

// Layers of a stack that run at the same time, each some steps behind the one that it takes its inputs from.
extension Stacked {
  /// How many layers from `first` on, upwards, run at the same time in a pass forward.
  ///
  /// Where a pass would trap, it is one layer after the other: what is wrong is found by the first that sees it.
  func layersTogether<Part: AnyObject>(
    from first: Int, _ own: StackedContents<Part, Layer.State>, _ x: SequenceBatch<Scalar>,
    _ state: State?, _ lengths: [Int]?, threads: Int
  ) -> LayersAtOnce {
    let forced = own.together.forced
    // Quickly where a decoder asks for every step.
    guard x.steps >= LayersAtOnce.fewestSteps || forced == true,
      canRunTogether(first..<count, own, threads: threads, forced: forced), fits(x, state, lengths)
    else { return .one }
    for k in first..<count {
      if let tape = own.layers[k] as? any RelayedRecording,
        tape.maximumSteps < x.steps || tape.maximumBatch < x.batch
      {
        return .one
      }
    }
    return .choose(
      count - first, Scalar.self, steps: x.steps, batch: x.batch, threads: threads, forced: forced
    ) { plan(first + $0) }
  }

  /// How many layers from `last` on, downwards, run at the same time in a pass backward.
  func layersTogether(
    downFrom last: Int, _ own: TapeContents, _ dOutputs: SequenceBatch<Scalar>?,
    _ dState: State?, threads: Int
  ) -> LayersAtOnce {
    // Layers that share their parameters add to the same gradients, in order.
    let forced = own.together.forced
    guard !isTied, canRunTogether(0..<last + 1, own, threads: threads, forced: forced),
      let top = own.layers[last] as? any RelayedRecording,
      let outputs = top.outputs(of: Scalar.self), dOutputs?.hasShape(of: outputs) ?? true,
      outputs.steps >= LayersAtOnce.fewestSteps || forced == true,
      fits(outputs.batch, dState), !top.isRagged || forced == true
    else { return .one }
    for k in 0...last {
      guard let tape = own.layers[k] as? any RelayedRecording,
        tape.recordedVersion == layer(k).parameters[block: 0].version
      else { return .one }
    }
    return .choose(
      last + 1, Scalar.self, steps: outputs.steps, batch: outputs.batch, threads: threads,
      forced: forced
    ) { plan(last - $0) }
  }

  private func plan(_ k: Int) -> CellPlan {
    guard let plan = layer(k).parameters.cell(ofBlock: 0) else {
      failRequirement("Stacked: layer \(k) has no cell")
    }
    return plan
  }

  /// Whether the layers run the plan of a cell, and on packed weights: with these a row has the same bits in whatever
  /// rows it is computed with.
  private func canRunTogether<Part: AnyObject>(
    _ layers: Range<Int>, _ own: StackedContents<Part, Layer.State>, threads: Int, forced: Bool?
  ) -> Bool {
    guard threads > 1, layers.count > 1, forced != false, Layer.self is any RecurrentLayer.Type
    else { return false }
    for k in layers {
      guard let buffers = own.layers[k] as? any RelayedBuffers,
        Scalar.packFormat(for: buffers.products) != nil
      else { return false }
    }
    return true
  }

  private func fits(
    _ x: SequenceBatch<Scalar>, _ state: State?, _ lengths: [Int]?
  ) -> Bool {
    if let lengths {
      guard lengths.count == x.batch else { return false }
      for n in 0..<lengths.count where lengths[n] < 0 || lengths[n] > x.steps { return false }
    }
    return x.features == inputSize && fits(x.batch, state)
  }

  private func fits(_ batch: Int, _ state: State?) -> Bool {
    guard let state else { return true }
    for k in 0..<count {
      let plan = plan(k)
      for i in 0..<state[k].partCount {
        let part = state[k].part(i)
        if part.rows != batch || part.columns != (i == 0 ? plan.outputSize : plan.cellSize) {
          return false
        }
      }
    }
    return true
  }

  /// Runs some layers forward at the same time: recorded on a tape, or with the buffers of inference.
  ///
  /// - Parameters:
  ///   - x: the inputs of the first of them, all there.
  ///   - noise: what the tape's choices of this pass depend on.
  /// - Returns: the outputs of the last of them.
  func runTogether(
    _ layers: Range<Int>, blockSteps: Int, _ x: SequenceBatch<Scalar>, _ state: State?,
    _ lengths: [Int]?, tape: TapeContents?, workspace: WorkspaceContents?, noise: RecordingNoise?
  ) -> SequenceBatch<Scalar> {
    guard let shared = tape?.together ?? workspace?.together else {
      failRequirement("Stacked: neither a tape nor buffers")
    }
    func buffers(_ k: Int) -> (any RelayedBuffers)? {
      if let tape { return tape.layers[k] as? any RelayedBuffers }
      return workspace?.layers[k] as? any RelayedBuffers
    }
    shared.calls += 1
    var input = x
    for k in layers {
      shared.masks[k].work = nil
      if k > layers.lowerBound, let tape {
        input = dropout.begin(
          input, recording: tape.dropout[k - 1], noise: noise?.child(2 * k - 1),
          mask: shared.masks[k])
      }
      tape?.layers[k].noise = noise?.child(2 * k)
      shared.inputs[k] = input
      shared.progress[k].restart()
      guard let buffers = buffers(k) else { failRequirement("Stacked: layer \(k) has no relay") }
      buffers.renewOutputs(steps: x.steps, batch: x.batch, features: plan(k).outputSize)
      buffers.relay = shared.relay(
        k, after: k > layers.lowerBound ? k - 1 : nil, isFollowed: k + 1 < layers.upperBound,
        blockSteps)
      guard let outputs = buffers.outputs(of: Scalar.self) else {
        failRequirement("Stacked: layer \(k) has outputs of another type")
      }
      input = outputs
    }
    shared.inputs.withUnsafeMutableBufferPointer { inputs in
      shared.outputs.withUnsafeMutableBufferPointer { outputs in
        ThreadTeam.shared.run(
          threads: layers.count,
          LayersForward(
            stack: self, layers: layers, state: state, lengths: lengths, tape: tape,
            workspace: workspace, inputs: inputs.start, outputs: outputs.start))
      }
    }
    for k in layers {
      buffers(k)?.relay = nil
      shared.inputs[k] = nil
      shared.masks[k].work = nil
      guard let run = shared.outputs[k] else { failRequirement("Stacked: layer \(k) did not run") }
      shared.outputs[k] = nil
      if let tape {
        tape.finalState.append(run.finalState)
      } else {
        workspace?.finalState.append(run.finalState)
      }
    }
    return input
  }

  /// Runs some layers of the recorded pass backwards at the same time, and appends the gradients of their initial
  /// states, those of the highest layer first.
  ///
  /// - Returns: the gradient of the inputs of the lowest of them.
  func runTogetherBackward(
    _ layers: Range<Int>, blockSteps: Int, _ dOutputs: SequenceBatch<Scalar>?, _ dState: State?,
    _ own: TapeContents, _ gradients: UnsafeMutablePointer<Layer.Parameters>
  ) -> SequenceBatch<Scalar>? {
    let (shared, top) = (own.together, layers.upperBound - 1)
    shared.calls += 1
    var d = dOutputs
    for k in stride(from: top, through: layers.lowerBound, by: -1) {
      shared.masks[k].work = nil
      if k < top, let above = d {
        d = dropout.beginBackward(above, through: own.dropout[k], mask: shared.masks[k])
      }
      shared.inputs[k] = d
      shared.progress[k].restart()
      guard let tape = own.layers[k] as? any RelayedRecording,
        let outputs = tape.outputs(of: Scalar.self)
      else { failRequirement("Stacked: layer \(k) has no relay") }
      tape.renewInputGradients(
        steps: outputs.steps, batch: outputs.batch, features: plan(k).inputSize)
      tape.relay = shared.relay(
        k, after: k < top ? k + 1 : nil, isFollowed: k > layers.lowerBound, blockSteps)
      d = tape.inputGradients(of: Scalar.self)
    }
    shared.inputs.withUnsafeMutableBufferPointer { inputs in
      shared.gradients.withUnsafeMutableBufferPointer { results in
        ThreadTeam.shared.run(
          threads: layers.count,
          LayersBackward(
            stack: self, layers: layers, dState: dState, tape: own, inputs: inputs.start,
            gradients: gradients, results: results.start))
      }
    }
    for k in stride(from: top, through: layers.lowerBound, by: -1) {
      (own.layers[k] as? any RelayedRecording)?.relay = nil
      shared.inputs[k] = nil
      shared.masks[k].work = nil
      guard let result = shared.gradients[k] else {
        failRequirement("Stacked: layer \(k) did not run")
      }
      shared.gradients[k] = nil
      own.dInitialState.append(result.initialState)
    }
    return d
  }
}

extension Stacked {
  /// Whether layers of passes on a tape run at the same time, instead of the estimated best: for tests and tuning.
  package func runLayersTogether(_ forced: Bool?, on tape: CompositeTape<Self>) {
    tape.contents.together.forced = forced
  }

  /// How many layers at the bottom of the stack run at the same time in a pass, and how many steps one hands to the
  /// next at once, where nobody says otherwise.
  package func layersTogether(
    steps: Int, batch: Int, threads: Int
  ) -> (count: Int, blockSteps: Int) {
    let choice = LayersAtOnce.choose(
      count, Scalar.self, steps: steps, batch: batch, threads: threads, forced: nil
    ) { plan($0) }
    return (choice.count, choice.blockSteps)
  }

  /// How often layers of passes on a tape have run at the same time.
  package func callsTogether(on tape: CompositeTape<Self>) -> Int { tape.contents.together.calls }

  /// The same for inference with a workspace.
  package func callsTogether(in workspace: CompositeWorkspace<Self>) -> Int {
    workspace.contents.together.calls
  }

  /// Whether layers of inference with a workspace run at the same time, instead of the estimated best.
  package func runLayersTogether(_ forced: Bool?, in workspace: CompositeWorkspace<Self>) {
    workspace.contents.together.forced = forced
  }
}

/// What layers that run at the same time share.
final class LayersTogether<State: CarriedState> where State.Scalar: RecurrentScalar {
  /// Whether layers run at the same time, instead of the estimated best.
  var forced: Bool?
  /// How often layers have run at the same time.
  var calls = 0
  /// How far each layer is.
  let progress: [StepProgress]
  /// What is dropped of each layer's inputs.
  let masks: [ScalarStepMask<State.Scalar>]
  // What goes in and comes out of each layer, during a call.
  var inputs: [SequenceBatch<State.Scalar>?]
  var outputs: [RecurrentOutput<State>?]
  var gradients: [InputGradients<State>?]

  init(_ count: Int) {
    progress = (0..<count).map { _ in StepProgress() }
    masks = (0..<count).map { _ in ScalarStepMask() }
    inputs = Array(repeating: nil, count: count)
    outputs = Array(repeating: nil, count: count)
    gradients = Array(repeating: nil, count: count)
  }

  /// How layer `k` takes part.
  func relay(_ k: Int, after other: Int?, isFollowed: Bool, _ blockSteps: Int) -> Relay {
    Relay(
      input: other.map { .passUnretained(progress[$0]) },
      output: isFollowed ? .passUnretained(progress[k]) : nil,
      mask: masks[k].work == nil ? nil : .passUnretained(masks[k]), blockSteps: blockSteps)
  }
}

/// Layers that run forward at the same time. A member with more than one runs the lower one first.
private struct LayersForward<Layer: SequenceLayer>: TeamWork {
  let stack: Stacked<Layer>
  let layers: Range<Int>
  let state: [Layer.State]?
  let lengths: [Int]?
  let tape: Stacked<Layer>.TapeContents?
  let workspace: Stacked<Layer>.WorkspaceContents?
  let inputs: UnsafeMutablePointer<SequenceBatch<Layer.Scalar>?>
  let outputs: UnsafeMutablePointer<RecurrentOutput<Layer.State>?>

  func run(_ member: TeamMember) {
    for k in stride(
      from: layers.lowerBound + member.index, to: layers.upperBound, by: member.count)
    {
      guard let x = inputs[k] else { continue }
      let layer = stack.layer(k)
      if let tape {
        outputs[k] = layer.forward(
          x, from: state?[k], lengths: lengths, threads: 1, recording: tape.layers[k])
      } else {
        outputs[k] = layer(
          x, from: state?[k], lengths: lengths, threads: 1, workspace: workspace?.layers[k])
      }
    }
  }
}

/// Layers that run backward at the same time. A member with more than one runs the higher one first.
private struct LayersBackward<Layer: SequenceLayer>: TeamWork {
  let stack: Stacked<Layer>
  let layers: Range<Int>
  let dState: [Layer.State]?
  let tape: Stacked<Layer>.TapeContents
  let inputs: UnsafeMutablePointer<SequenceBatch<Layer.Scalar>?>
  let gradients: UnsafeMutablePointer<Layer.Parameters>
  let results: UnsafeMutablePointer<InputGradients<Layer.State>?>

  func run(_ member: TeamMember) {
    for k in stride(
      from: layers.upperBound - 1 - member.index, through: layers.lowerBound, by: -member.count)
    {
      results[k] = stack.layer(k).backward(
        inputs[k], finalState: dState?[k], through: tape.layers[k], threads: 1,
        accumulatingInto: &gradients[stack.part(ofLayer: k)])
    }
  }
}
