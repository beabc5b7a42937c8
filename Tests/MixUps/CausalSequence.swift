import Foundation
import LinAlg
import Recurrent

/// A stream of the sequence.
struct HeldSession<Layer: CausalLayer> {
  let name: String
  let session: StreamingSession<Layer>
  /// Its layer as it was made, in memory of its own.
  let layer: Layer
}

/// A tape for long sequences, and what it should hold.
struct HeldCheckpoints<Layer: CausalLayer> {
  let name: String
  let tape: CheckpointedTape<Layer>
  let configuration: String
  let segment: Int
  var recorded: Recorded<Layer>?
}

/// A tape for windows, and the windows since its sequences began.
struct HeldWindows<Layer: CausalLayer> {
  let name: String
  let tape: TruncatedTape<Layer>
  let configuration: String
  var (k1, k2) = (1, 1)
  let batch: Int
  var state: Layer.State?
  var begins = 0
  var windows: [(layer: Layer, configuration: String, x: SequenceBatch<Layer.Scalar>)] = []
}

/// A sequence of calls of layers that can be run step by step.
final class CausalSequence<Layer: CausalLayer>: LayerSequence<Layer>
where Layer.State: MixState {
  private var sessions: [HeldSession<Layer>] = []
  private var snapshots: [(name: String, data: Data, numbers: [Scalar])] = []
  private var checkpoints: [HeldCheckpoints<Layer>] = []
  private var windows: [HeldWindows<Layer>] = []

  override func call() {
    if layers.contains(where: \.isMixed) { log.prepare() }
    switch dice.below(5) {
    case 0: step()
    case 1: stream()
    case 2: dice.oneIn(2) ? runCheckpointed() : runWindows()
    default: super.call()
    }
  }

  /// A layer that nothing has been put into.
  private func soundLayer() -> HeldLayer<Layer>? {
    let sound = layers.filter { $0.isWhole && !$0.isMixed }
    return sound.isEmpty ? nil : dice.pick(sound)
  }

  private func step() {
    let held = dice.pick(layers)
    let N = dice.below(5)
    let (given, name) = state(held, batch: N)
    var state = given ?? held.pristine.initialState(batch: N)
    let x: Matrix<Scalar> = dice.matrix(
      dice.slips() ? dice.almost(N) : N,
      dice.slips() ? dice.almost(held.pristine.inputSize) : held.pristine.inputSize)
    let known = spaces.filter { $0.configuration == held.configuration }
    let space = dice.oneIn(2) || known.isEmpty ? nil : dice.pick(known)
    let expectation = expectation(
      held, argumentsFit: x.columns == held.pristine.inputSize && fits(state, held, batch: x.rows))
    will(
      """
      \(held.name).step(\(x.shape), &\(name == "nil" ? "initialState(batch: \(N))" : name), \
      workspace: \(space?.name ?? "nil"))
      """, expectation)
    var expected = state
    held.layer.step(x, &state, threads: dice.threads(), workspace: space?.value)
    returned(expectation)
    guard held.isWhole else { return }
    let fresh = held.fresh
    fresh.step(x, &expected, threads: 1, workspace: nil)
    check(state.numbers, expected.numbers, "state")
    check(
      held.layer.output(of: state).numbers, fresh.output(of: expected).numbers, "output of a step")
  }

  // MARK: Streams

  private func stream() {
    if sessions.count < 2 || dice.oneIn(6) {
      guard let held = soundLayer() else { return }
      let (name, batch) = (name("R"), dice.below(4))
      will("\(name) = StreamingSession(\(held.name), batch: \(batch))", .fits)
      sessions.append(
        HeldSession(
          name: name, session: StreamingSession(held.layer, batch: batch, threads: dice.threads()),
          layer: held.fresh))
      return
    }
    let held = dice.pick(sessions)
    let session = held.session
    let zero = held.layer.zeroState(batch: session.batch)
    switch dice.below(6) {
    case 0, 1:
      let rows = dice.slips() ? dice.almost(session.batch) : session.batch
      let columns = dice.slips() ? dice.almost(held.layer.inputSize) : held.layer.inputSize
      let x: Matrix<Scalar> = dice.matrix(rows, columns)
      let fits = rows == session.batch && columns == held.layer.inputSize
      will("\(held.name).step(\(x.shape))", fits ? .fits : .traps)
      var expected = session.state
      let output = session.step(x)
      returned(fits ? .fits : .traps)
      held.layer.step(x, &expected, threads: 1, workspace: nil)
      check(output.numbers, held.layer.output(of: expected).numbers, "output of a stream")
    case 2:
      let (x, name) = input(held.layer.inputSize, steps: 4, batch: session.batch)
      let fits = x.batch == session.batch && x.features == held.layer.inputSize
      will("\(held.name).advance(\(name))", fits ? .fits : .traps)
      let start = session.state
      let output = session.advance(x)
      returned(fits ? .fits : .traps)
      let fresh = held.layer(x, from: start, lengths: nil, threads: 1, workspace: nil)
      check(output.numbers, fresh.outputs.numbers, "output of a stream")
      check(session.state.numbers, fresh.finalState.numbers, "state of a stream")
    case 3:
      guard let other = states.isEmpty ? nil : dice.pick(states) else { return }
      let fits = other.value.shapes == zero.shapes
      if !fits && !dice.slips() { return }
      will("\(held.name).state = \(other.name) \(other.value.shapes)", fits ? .fits : .traps)
      session.state = other.value
      returned(fits ? .fits : .traps)
      check(session.state.numbers, other.value.numbers, "state of a stream")
    case 4:
      let name = name("P")
      will("\(name) = encoded \(held.name).snapshot()", .fits)
      guard let data = try? JSONEncoder().encode(session.snapshot()) else {
        return log.note(wrong: "a snapshot that cannot be encoded")
      }
      snapshots.append((name, data, session.state.numbers))
    default: restore(held)
    }
  }

  private func restore(_ held: HeldSession<Layer>) {
    guard !snapshots.isEmpty else { return }
    let snapshot = dice.pick(snapshots)
    var (data, what) = (snapshot.data, snapshot.name)
    if dice.slips(), var fields = try? JSONSerialization.jsonObject(with: data) as? [String: Any] {
      switch dice.below(3) {
      case 0:
        fields["steps"] = Int.max
        what += " with steps = Int.max"
      case 1:
        if var parts = fields["parts"] as? [[String: Any]], !parts.isEmpty {
          parts[0]["width"] = 1 << 40
          fields["parts"] = parts
        }
        what += " with another width"
      default:
        fields["layer"] = "LSTM"
        what += " of another layer"
      }
      fields["checksum"] = Checksum.of(fields)
      data = (try? JSONSerialization.data(withJSONObject: fields)) ?? data
    }
    will("\(held.name).restore(\(what))", .either)
    let before = held.session.state.numbers
    do {
      try held.session.restore(try JSONDecoder().decode(StreamSnapshot.self, from: data))
      check(held.session.state.numbers, snapshot.numbers, "state from a snapshot")
    } catch {
      check(held.session.state.numbers, before, "state after a snapshot was refused")
    }
  }

  // MARK: Long sequences

  private func runCheckpointed() {
    if checkpoints.count < 2 || dice.oneIn(6) {
      guard let held = soundLayer() else { return }
      let (name, steps, batch) = (name("C"), dice.below(9), dice.below(4))
      let segment = 1 + dice.below(4)
      will(
        """
        \(name) = CheckpointedTape(for: \(held.name), steps: \(steps), batch: \(batch), \
        segmentLength: \(segment))
        """, .fits)
      checkpoints.append(
        HeldCheckpoints(
          name: name,
          tape: CheckpointedTape(
            for: held.layer, steps: steps, batch: batch, segmentLength: segment),
          configuration: held.configuration, segment: segment))
      return
    }
    let t = dice.below(checkpoints.count)
    let tape = checkpoints[t].tape
    let fitting = layers.filter { $0.configuration == checkpoints[t].configuration }
    if checkpoints[t].recorded == nil || dice.slips() {
      let held = dice.slips() || fitting.isEmpty ? dice.pick(layers) : dice.pick(fitting)
      let (x, xName) = input(
        held.pristine.inputSize, steps: tape.maximumSteps, batch: tape.maximumBatch)
      let (state, stateName) = state(held, batch: x.batch)
      let (lengths, lengthsFit) = dice.lengths(x.steps, x.batch)
      var expectation = expectation(
        held,
        argumentsFit: x.features == held.pristine.inputSize && lengthsFit
          && fits(state, held, batch: x.batch) && x.steps <= tape.maximumSteps
          && x.batch <= tape.maximumBatch)
      if expectation == .fits, held.configuration != checkpoints[t].configuration {
        expectation = .either
      }
      will(
        """
        \(held.name).forward(\(xName), from: \(stateName), lengths: \(text(lengths)), \
        recording: \(checkpoints[t].name))
        """, expectation)
      let noise = tape.noise
      let run = held.layer.forward(
        x, from: state, lengths: lengths, threads: dice.threads(), recording: tape)
      returned(expectation)
      checkpoints[t].recorded = nil
      guard held.isWhole else { return }
      let recorded = Recorded(
        layer: held.fresh, configuration: held.configuration, name: held.name,
        changes: held.changes, x: x, state: state, lengths: lengths, noise: noise,
        outputs: run.outputs.shape)
      let fresh = recorded.checkpointed(checkpoints[t].segment).run
      check(run.outputs.numbers, fresh.outputs.numbers, "output")
      check(run.finalState.numbers, fresh.finalState.numbers, "final state")
      checkpoints[t].recorded = recorded
    } else if let recorded = checkpoints[t].recorded {
      let maker = layers.first { $0.name == recorded.name }
      let held = dice.slips() ? dice.pick(layers) : maker ?? dice.pick(layers)
      let T = dice.slips() ? dice.almost(recorded.outputs[0]) : recorded.outputs[0]
      let dOutputs: SequenceBatch<Scalar> = dice.batch(
        T, recorded.outputs[1], recorded.outputs[2])
      let (dState, dStateName) = state(held, batch: recorded.outputs[1])
      var expectation = SharedLog.Expectation.traps
      if held.isWhole, held.configuration == recorded.configuration, T == recorded.outputs[0],
        same(held.layer.parameters.numbers, recorded.layer.parameters.numbers),
        fits(dState, held, batch: recorded.outputs[1])
      {
        let isSame = held.name == recorded.name && held.changes == recorded.changes
        expectation = isSame && !held.isMixed ? .fits : .either
      } else if held.isMixed || family.leavesBlocksUnread {
        expectation = .either
      }
      will(
        """
        \(held.name).backward(\(dOutputs.shape), finalState: \(dStateName), \
        through: \(checkpoints[t].name))
        """, expectation)
      var (sums, expected) = (held.pristine.parameters.zeros(), recorded.layer.parameters.zeros())
      let d = held.layer.backward(
        dOutputs, finalState: dState, through: tape, threads: dice.threads(),
        accumulatingInto: &sums)
      returned(expectation)
      checkpoints[t].recorded = nil
      guard held.isWhole, expectation != .traps else { return }
      let fresh = recorded.layer.backward(
        dOutputs, finalState: dState, through: recorded.checkpointed(checkpoints[t].segment).tape,
        threads: 1, accumulatingInto: &expected)
      check(d.x.numbers, fresh.x.numbers, "gradient of x")
      check(sums.numbers, expected.numbers, "gradient")
    }
  }

  // MARK: Windows

  private func runWindows() {
    if windows.count < 2 || dice.oneIn(6) {
      guard let held = soundLayer() else { return }
      let (name, k1, batch) = (name("V"), 1 + dice.below(3), dice.below(4))
      let k2 = k1 + dice.below(4)
      will(
        "\(name) = TruncatedTape(for: \(held.name), every: \(k1), through: \(k2), batch: \(batch))",
        .fits)
      let tape = TruncatedTape(for: held.layer, every: k1, through: k2, batch: batch)
      tape.noise = nil
      windows.append(
        HeldWindows(
          name: name, tape: tape, configuration: held.configuration, k1: k1, k2: k2, batch: batch))
      return
    }
    let t = dice.below(windows.count)
    let tape = windows[t].tape
    let fitting = layers.filter { $0.configuration == windows[t].configuration }
    let held = dice.slips() || fitting.isEmpty ? dice.pick(layers) : dice.pick(fitting)
    let batch = windows[t].windows.first?.x.batch ?? windows[t].batch
    switch dice.below(6) {
    case 0:
      let (state, name) = state(held, batch: batch)
      will("\(windows[t].name).begin(from: \(name))", .fits)
      tape.begin(from: state)
      windows[t].state = state
      windows[t].windows = []
    case 1...3:
      let x: SequenceBatch<Scalar> = dice.batch(
        dice.slips() ? dice.almost(windows[t].k1) : 1 + dice.below(windows[t].k1),
        dice.slips() ? dice.almost(batch) : batch,
        dice.slips() ? dice.almost(held.pristine.inputSize) : held.pristine.inputSize)
      let isKnown = windows[t].windows.allSatisfy { $0.configuration == held.configuration }
      var expectation = expectation(
        held,
        argumentsFit: x.steps <= windows[t].k1 && x.batch == batch
          && x.features == held.pristine.inputSize && fits(windows[t].state, held, batch: batch))
      if !isKnown || held.configuration != windows[t].configuration {
        expectation = .either
      } else if expectation == .traps, windows[t].windows.isEmpty, x.batch < windows[t].batch {
        expectation = .either
      }
      will("\(held.name).forward(\(x.shape), recording: \(windows[t].name))", expectation)
      let run = held.layer.forward(x, threads: dice.threads(), recording: tape)
      returned(expectation)
      guard held.isWhole, isKnown else { return windows[t].forget() }
      windows[t].windows.append((held.fresh, held.configuration, x))
      if let fresh = windows[t].replayed().run {
        check(run.outputs.numbers, fresh.outputs.numbers, "output of a window")
        check(run.finalState.numbers, fresh.finalState.numbers, "state after a window")
      }
    default:
      guard let last = windows[t].windows.last else { return }
      let shape = [last.x.steps, last.x.batch, last.layer.outputSize]
      let dOutputs: SequenceBatch<Scalar> = dice.batch(
        shape[0], dice.slips() ? dice.almost(shape[1]) : shape[1],
        dice.slips() ? dice.almost(shape[2]) : shape[2])
      var expectation = SharedLog.Expectation.either
      if held.isWhole,
        !same(held.layer.parameters.numbers, last.layer.parameters.numbers)
          || dOutputs.shape != shape, !held.isMixed
      {
        expectation = .traps
      }
      will("\(held.name).backward(\(dOutputs.shape), through: \(windows[t].name))", expectation)
      var (sums, expected) = (held.pristine.parameters.zeros(), last.layer.parameters.zeros())
      let d = held.layer.backward(
        dOutputs, through: tape, threads: dice.threads(), accumulatingInto: &sums)
      returned(expectation)
      guard held.isWhole, expectation != .traps else { return windows[t].forget() }
      let fresh = last.layer.backward(
        dOutputs, through: windows[t].replayed().tape, threads: 1, accumulatingInto: &expected)
      check(d.x.numbers, fresh.x.numbers, "gradient of x")
      check(sums.numbers, expected.numbers, "gradient of a window")
    }
  }
}

extension Recorded where Layer: CausalLayer {
  /// The same pass on a checkpointed tape of its own.
  func checkpointed(
    _ segment: Int
  ) -> (tape: CheckpointedTape<Layer>, run: RecurrentOutput<Layer.State>) {
    let tape = CheckpointedTape(
      for: layer, steps: x.steps, batch: x.batch, segmentLength: segment)
    tape.noise = noise
    return (
      tape, layer.forward(x, from: state, lengths: lengths, threads: 1, recording: tape)
    )
  }
}

extension HeldWindows {
  /// Begins anew, after something of which the suite does not know what it means.
  mutating func forget() {
    tape.begin()
    state = nil
    windows = []
  }

  /// The same windows on a tape of its own.
  func replayed() -> (tape: TruncatedTape<Layer>, run: RecurrentOutput<Layer.State>?) {
    let tape = TruncatedTape(
      for: windows[0].layer, every: k1, through: k2, batch: max(batch, windows[0].x.batch))
    tape.noise = nil
    tape.begin(from: state)
    var run: RecurrentOutput<Layer.State>?
    for window in windows { run = window.layer.forward(window.x, threads: 1, recording: tape) }
    return (tape, run)
  }
}

/// The checksum of a snapshot's fields, so that a changed one is not refused for its checksum alone.
enum Checksum {
  static func of(_ fields: [String: Any]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    add(fields["layer"] as? String ?? "")
    add(String(fields["steps"] as? Int ?? 0))
    for part in fields["parts"] as? [[String: Any]] ?? [] {
      add(part["name"] as? String ?? "")
      add(String(part["batch"] as? Int ?? 0))
      add(String(part["width"] as? Int ?? 0))
      add(part["bits"] as? String ?? "")
    }
    return String(hash, radix: 16)
  }
}
