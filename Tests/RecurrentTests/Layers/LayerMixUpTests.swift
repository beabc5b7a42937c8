import LinAlg
import Recurrent
import Testing

/// States, recordings and parameters of one layer given to another: each call says so.
@Suite struct LayerMixUpTests {
  static func lstm(_ D: Int, _ H: Int) -> LSTM<Float> {
    var rng = SeededGenerator(seed: 71)
    return LSTM(inputSize: D, hiddenSize: H, using: &rng)
  }

  static func x(_ features: Int, steps: Int = 4) -> SequenceBatch<Float> {
    .zeros(steps: steps, batch: 3, features: features)
  }

  func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `a cell of fewer rows than the hidden state`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Self.lstm(5, 7)
      var state = layer.zeroState(batch: 3)
      state.cell = .zeros(rows: 2, columns: 7)
      _ = layer(Self.x(5), from: state)
    }
    #expect(message(result).contains("[2, 7] beyond h, expected [3, 7]"))
  }

  @Test func `a stream set to a cell of fewer rows`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let session = StreamingSession(Self.lstm(5, 7), batch: 3)
      session.state.cell = .zeros(rows: 2, columns: 7)
    }
    #expect(
      message(result).contains("cell of the session's state has shape [2, 7], expected [3, 7]"))
  }

  @Test func `windows of a layer with more inputs`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let (small, large) = (Self.lstm(2, 7), Self.lstm(200, 7))
      let tape = TruncatedTape(for: small, every: 4, through: 8, batch: 3)
      small.forward(Self.x(2), recording: tape)
      large.forward(Self.x(200), recording: tape)
    }
    #expect(message(result).contains("made for D = 2 features, this layer takes 200"))
  }

  @Test func `a learned state of another layer`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var layer = LearnedInitialState(Self.lstm(5, 70))
      layer.parameters.initial = LearnedInitialState(Self.lstm(5, 7)).parameters.initial
      _ = layer(Self.x(5))
    }
    #expect(
      message(result).contains(
        "hidden of the learned initial state has 7 scalars, that of the layer's 70"))
  }

  @Test func `directions that differ in their units`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var layer = Bidirectional(
        forward: Self.lstm(5, 7), backward: Self.lstm(5, 7), merge: .sum)
      layer.parameters.forward = Self.lstm(5, 70).parameters
      _ = layer(Self.x(5))
    }
    #expect(message(result).contains("directions have shapes [4, 3, 70] and [4, 3, 7]"))
  }

  @Test func `a tape inside a tape that is recorded by itself`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Reversed(Self.lstm(5, 7))
      let tape = layer.makeTape(steps: 4, batch: 3)
      layer.forward(Self.x(5, steps: 2), recording: tape)
      layer.layer.forward(Self.x(5), recording: layer.recording(in: tape))
      var gradients = layer.parameters.zeros()
      layer.backward(nil, through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("has been recorded anew since the pass of the whole layer"))
  }

  @Test func `a chain whose upper layer has recorded a pass of its own`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Self.lstm(5, 7).followed(by: Self.lstm(7, 3))
      let tape = layer.makeTape(steps: 4, batch: 3)
      layer.forward(Self.x(5), recording: tape)
      layer.upper.forward(Self.x(7), recording: layer.upperRecording(in: tape))
      var gradients = layer.parameters.zeros()
      layer.backward(nil, through: tape, accumulatingInto: &gradients)
    }
    #expect(
      message(result).contains(
        "part 1 of the tape of Chain<LSTM<Float>, LSTM<Float>> holds pass 2, expected pass 1"))
  }

  @Test func `a stack with a part less`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var stack = Stacked([Self.lstm(5, 7), Self.lstm(7, 7)])
      stack.parameters.parts.removeLast()
      _ = stack(Self.x(5))
    }
    #expect(message(result).contains("parameters of 1 parts, expected 2"))
  }

  /// A state as anybody may write one: it shows a matrix, and hands out a smaller one.
  struct TwoFacedState: CarriedState {
    let shown = Matrix<Float>.zeros(rows: 3, columns: 7)
    var written = Matrix<Float>.zeros(rows: 2, columns: 7)

    var partCount: Int { 1 }
    func part(_ index: Int) -> Matrix<Float> { shown }
    func partName(_ index: Int) -> String { "hidden" }
    mutating func withMutablePart<Result, Failure: Error>(
      _ index: Int, _ body: (inout Matrix<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(&written) }
  }

  @Test func `a state that shows another part than it hands out`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var state = TwoFacedState()
      state.assign(TwoFacedState())
    }
    #expect(message(result).contains("part 0 of a state has 14 numbers to write, 21 to read"))
  }

  @Test func `a closure that makes layers may throw`() {
    struct Refusal: Error {}
    #expect(throws: Refusal.self) {
      _ = try Stacked(count: 2, inputSize: 5) { size in
        if size == 7 { throw Refusal() }
        return Self.lstm(size, 7)
      }
    }
    #expect(throws: Refusal.self) {
      _ = try Bidirectional { () throws -> LSTM<Float> in throw Refusal() }
    }
  }
}
