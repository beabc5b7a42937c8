import CAllocationCounter
import CKernels
import CTestSupport
import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Layers with packed weights against layers whose weights were rounded first.
@Suite struct PackedLayerTests {
  /// Those that only round the weights: results are those of rounded weights to the bit.
  static let exact: [WeightFormat] = [.float32, .float16, .bfloat16]

  static func run<Layer: InferenceLayer<Float>, Other: SequenceLayer<Float>>(
    _ layer: Layer, _ p: LayerInputs<Other>, threads: Int = 1
  ) -> [Float] where Layer.State == Other.State {
    let out = layer(p.x, from: p.state, lengths: p.lengths, threads: threads, workspace: nil)
    return out.outputs.elements + out.finalState.flat
  }

  /// How far results may be from those of rounded weights.
  static func bound(_ format: WeightFormat) -> Double {
    switch format {
    case .float32, .float16, .bfloat16: 0
    // A scale is a factor of the sum and not of each weight: other roundings, which 5 steps carry on.
    case .int8: 1e-5
    // What a product multiplies is off by up to 1/254 of a row's largest number.
    case .int8Dynamic: 0.05
    }
  }

  /// How far the results are from those of rounded weights: 0 where they are the same bits.
  static func error<Layer: SequenceLayer<Float>>(
    _ layer: Layer, _ format: WeightFormat, lengths: [Int]?, symmetric: Int? = nil,
    seed: UInt64 = 81
  ) throws -> Double {
    var rounded = layer
    rounded.parameters.round(to: format, symmetric: symmetric)
    #expect((rounded.parameters.flat == layer.parameters.flat) == (format == .float32))
    let packed = try layer.inference(weights: format)
    let p = LayerInputs(layer, steps: 5, batch: 3, lengths: lengths, seed: seed)
    let (actual, expected) = (run(packed, p), run(rounded, p))
    return countDifferences(actual, expected) == 0 ? 0 : relativeError(actual, expected)
  }

  struct Composites: LayerBody {
    let format: WeightFormat
    let bound: Double

    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      for lengths in [nil, [2, 5, 0]] {
        let error = try? PackedLayerTests.error(layer, format, lengths: lengths)
        #expect(
          (error ?? .infinity) <= bound, "\(Layer.self), \(format), \(String(describing: error))")
      }
    }
  }

  @Test(arguments: WeightFormat.allCases)
  func `layers made of layers`(format: WeightFormat) {
    LayerInvarianceTests.forAll(Composites(format: format, bound: Self.bound(format)))
  }

  @Test(arguments: 0..<OptionGradientTests.groups)
  func `every option`(group: Int) throws {
    var rng = SeededGenerator(seed: 82)
    for (i, options) in OptionGradientTests.samples(group) {
      for format in Self.exact + [.int8Dynamic] {
        let bound = Self.bound(format)
        for lengths in [nil, [2, 0, 4]] {
          let layer: DefinedLayer<Float> = try options.makeLayer(
            inputSize: 5, hiddenSize: 6, using: &rng)
          #expect(
            try Self.error(layer, format, lengths: lengths, symmetric: 6) <= bound,
            "sample \(i), \(format)\n\(options)")
          if let options = options as? LSTMOptions {
            let lstm = try LSTM<Float>(
              inputSize: 5, hiddenSize: 6, options: options, using: &rng)
            #expect(
              try Self.error(lstm, format, lengths: lengths, symmetric: 6) <= bound,
              "LSTM, sample \(i), \(format)\n\(options)")
          }
        }
      }
    }
  }

  /// A rectifier adds no rounding, so that plain loops give the bits of a layer of whole numbers and scales.
  @Test(arguments: [WeightFormat.int8, .int8Dynamic])
  func `whole numbers of one byte, by plain loops`(format: WeightFormat) throws {
    let (T, N, D, H) = (4, 3, 37, 70)
    var rng = SeededGenerator(seed: 83)
    let layer = try SimpleRNN<Float>(
      inputSize: D, hiddenSize: H, options: RNNOptions(activation: .relu), using: &rng)
    let packed = try layer.inference(weights: format)
    let p = LayerInputs(layer, steps: T, batch: N, withState: false, seed: 84)
    let isFused = ct_is_fused(ck_instruction_set_best()) != 0
    func rows(_ matrix: Matrix<Float>) -> [(scale: Float, whole: [Float])] {
      let elements = matrix.elements
      return (0..<matrix.rows).map {
        RoundedWeights.int8(elements[$0 * matrix.columns..<($0 + 1) * matrix.columns])
      }
    }
    func add(_ a: Float, _ b: Float, to c: Float) -> Float {
      isFused ? c.addingProduct(a, b) : a * b + c
    }
    let (W, U, b) = (
      rows(layer.parameters.W), rows(layer.parameters.U), layer.parameters.b.elements
    )
    var state = [Float](repeating: 0, count: N * H)
    var expected: [Float] = []
    for t in 0..<T {
      var next = state
      for n in 0..<N {
        for j in 0..<H {
          if format == .int8Dynamic {
            let x = RoundedWeights.wholeProduct((0..<D).map { p.x[t, n, $0] }, W[j])
            let h = RoundedWeights.wholeProduct(Array(state[n * H..<(n + 1) * H]), U[j])
            next[n * H + j] = max(x + h + b[j], 0)
            continue
          }
          let x = (0..<D).reduce(Float(0)) { add(p.x[t, n, $1], W[j].whole[$1], to: $0) }
          let h = (0..<H).reduce(Float(0)) { add(state[n * H + $1], U[j].whole[$1], to: $0) }
          let sum = add(U[j].scale, h, to: W[j].scale * x)
          next[n * H + j] = max(sum + b[j], 0)
        }
      }
      state = next
      expected += state
    }
    #expect(countDifferences(packed(p.x).outputs.elements, expected) == 0)
  }

  struct Threads: LayerBody {
    let format: WeightFormat

    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      guard let packed = try? layer.inference(weights: format) else {
        Issue.record("\(Layer.self) cannot be packed as \(format)")
        return
      }
      for lengths in [nil, (0..<24).map { ($0 * 5 + 2) % 6 }] {
        let p = LayerInputs(layer, steps: 5, batch: 24, lengths: lengths, seed: 85)
        let one = PackedLayerTests.run(packed, p)
        for threads in [2, 3, 5] {
          #expect(
            countDifferences(one, PackedLayerTests.run(packed, p, threads: threads)) == 0,
            "\(Layer.self), \(format), \(threads) threads")
        }
      }
    }
  }

  @Test(arguments: WeightFormat.allCases)
  func `threads do not change a bit`(format: WeightFormat) {
    LayerInvarianceTests.forAll(Threads(format: format))
  }

  /// Divided by units and by sequences, each thread reads another part of the packs.
  @Test(arguments: WeightFormat.allCases)
  func `any division of the work`(format: WeightFormat) throws {
    let layer: LSTM<Float> = SmallLayers.lstm(21, 200)
    let packed = try layer.inference(weights: format)
    let p = LayerInputs(layer, steps: 3, batch: 4, seed: 86)
    let one = Self.run(packed, p)
    for split in [WorkSplit.batch, .units] {
      let workspace = packed.makeWorkspace()
      workspace.workSplit = split
      for threads in [2, 3] {
        let out = packed(p.x, from: p.state, threads: threads, workspace: workspace)
        #expect(
          countDifferences(out.outputs.elements + out.finalState.flat, one) == 0,
          "\(format), \(split), \(threads) threads")
      }
    }
  }

  /// In any batch, at any place of it.
  @Test(arguments: WeightFormat.allCases)
  func `a sequence gives the same bits anywhere in any batch`(format: WeightFormat) throws {
    let layer: GRU<Float> = SmallLayers.gru(9, 70)
    let packed = try layer.inference(weights: format)
    for N in [2, 5, 13, 26] {
      let p = LayerInputs(layer, steps: 4, batch: N, withState: false, seed: 87)
      let together = packed(p.x, threads: 1).outputs
      for n in [0, N / 2, N - 1] {
        let x = (0..<4).flatMap { t in (0..<9).map { p.x[t, n, $0] } }
        let alone = packed(
          SequenceBatch(steps: 4, batch: 1, features: 9, elements: x), threads: 1
        ).outputs
        for t in 0..<4 {
          #expect(
            (0..<70).allSatisfy { together[t, n, $0].bitPattern == alone[t, 0, $0].bitPattern },
            "\(format), sequence \(n) of \(N), step \(t)")
        }
      }
    }
  }

  @Test(arguments: exact)
  func `a stream of packed weights is a stream of rounded ones`(format: WeightFormat) throws {
    func check<Layer: CausalLayer<Float>>(_ layer: Layer) throws {
      var rounded = layer
      rounded.parameters.round(to: format)
      let packed = try layer.inference(weights: format)
      let p = LayerInputs(layer, steps: 7, batch: 2, seed: 88)
      let (a, b) = (
        StreamingSession(packed, batch: 2), StreamingSession(rounded, batch: 2, threads: 2)
      )
      for t in 0..<4 {
        #expect(a.step(p.x[step: t]).elements == b.step(p.x[step: t]).elements)
      }
      #expect(a.advance(p.x) == b.advance(p.x))
      #expect(a.state.flat == b.state.flat)
      let resumed = try StreamingSession(packed, resuming: a.snapshot())
      #expect(resumed.step(p.x[step: 4]).elements == a.step(p.x[step: 4]).elements)
      // The weights are part of what a snapshot belongs to, unless they are the layer's own.
      if format == .float32 {
        #expect(try StreamingSession(layer, resuming: a.snapshot()).stepCount == a.stepCount)
      } else {
        #expect(throws: SnapshotError.self) {
          _ = try StreamingSession(layer, resuming: a.snapshot())
        }
      }
    }
    try check(SmallLayers.lstm() as LSTM<Float>)
    try check(SmallLayers.stack() as Stacked<LSTM<Float>>)
    try check(SmallLayers.chain() as SmallChain<Float>)
    try check(LearnedInitialState(SmallLayers.gru() as GRU<Float>))
  }

  /// Rounded to bytes or not, a step gives what it gives within a whole sequence.
  @Test(arguments: [WeightFormat.int8, .int8Dynamic])
  func `a stream of bytes is a call's steps`(format: WeightFormat) throws {
    let layer = SmallLayers.chain(9, 64) as SmallChain<Float>
    let packed = try layer.inference(weights: format)
    let p = LayerInputs(layer, steps: 7, batch: 2, withState: false, seed: 90)
    let all = packed(p.x, threads: 1).outputs
    let session = StreamingSession(packed, batch: 2, threads: 2)
    for t in 0..<7 {
      #expect(session.step(p.x[step: t]).elements == all[step: t].elements, "step \(t)")
    }
  }

  /// What cannot be rounded is not hidden: it makes its own sequence NaN, and no other.
  @Test func `an input that is no number`() throws {
    let packed = try (SmallLayers.gru(9, 70) as GRU<Float>).inference(weights: .int8Dynamic)
    var inputs = [Float](repeating: 0.5, count: 2 * 9)
    inputs[12] = .infinity
    let y = packed(SequenceBatch(steps: 1, batch: 2, features: 9, elements: inputs)).outputs
    #expect((0..<70).allSatisfy { y[0, 0, $0].isFinite && y[0, 1, $0].isNaN })
  }

  @Test func `memory falls to a half and a quarter`() throws {
    let layer: LSTM<Float> = SmallLayers.lstm(96, 128)
    let (weights, columns, biases) = (512 * (96 + 128), 2 * 512, 512)
    for (format, bytes) in [
      (WeightFormat.float32, 4 * weights), (.float16, 2 * weights), (.bfloat16, 2 * weights),
      (.int8, weights + 4 * columns), (.int8Dynamic, weights + 8 * columns),
    ] {
      #expect(
        try layer.inference(weights: format).parameterBytes == bytes + 4 * biases, "\(format)")
    }
    let stack = SmallLayers.stack(tied: true) as Stacked<LSTM<Float>>
    let one: LSTM<Float> = SmallLayers.lstm(3, 4)
    let upper: LSTM<Float> = SmallLayers.lstm(4, 4)
    #expect(
      try stack.inference(weights: .int8).parameterBytes
        == one.inference(weights: .int8).parameterBytes
        + upper.inference(weights: .int8).parameterBytes)
  }

  /// The layer that was packed can go, and can change: the packed one keeps what it has.
  @Test func `the layer's own weights are free`() throws {
    var layer: LSTM<Float> = SmallLayers.lstm()
    let p = LayerInputs(layer, steps: 5, batch: 3, seed: 89)
    let packed = try layer.inference(weights: .float16)
    let before = Self.run(packed, p)
    layer.parameters.fill(with: 7)
    #expect(Self.run(packed, p) == before)
  }

  @Test func `weights that a format cannot hold`() throws {
    func error(_ weight: Float, _ format: WeightFormat) -> WeightFormatError? {
      var stack = SmallLayers.stack() as Stacked<LSTM<Float>>
      stack.parameters.parts[1].U[6, 2] = weight
      do {
        _ = try stack.inference(weights: format)
        return nil
      } catch {
        return error
      }
    }
    let tooLarge = try #require(error(-65520, .float16))
    #expect((tooLarge.parameter, tooLarge.row, tooLarge.column) == ("U_f", 2, 2))
    #expect((tooLarge.block, tooLarge.value, tooLarge.format) == (1, -65520, .float16))
    #expect(
      tooLarge.description
        == "weight U_f[2, 2] of block 1 is -65520.0, expected one that is below 65520 in magnitude "
        + "for float16")
    #expect(error(Float(65520).nextDown, .float16) == nil)
    #expect(error(0x1.ffp127, .bfloat16) != nil)
    #expect(error(Float(0x1.ffp127).nextDown, .bfloat16) == nil)
    #expect(error(-.greatestFiniteMagnitude, .int8) == nil)
    #expect(error(-.greatestFiniteMagnitude, .int8Dynamic) == nil)
    for format in WeightFormat.allCases {
      for weight in [Float.nan, .infinity, -.infinity] {
        #expect((error(weight, format) == nil) == (format == .float32), "\(weight), \(format)")
      }
    }
  }

  @Test func `packed weights cannot be read`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer: LSTM<Float> = SmallLayers.lstm()
      let block = try layer.parameters.block.packed(.int8, layer.parameters.plan, block: 0)
      _ = block[tensor: 0]
    }
    #expect(standardError(of: result).contains("were packed for inference and cannot be read"))
  }

  @Test func `packed weights cannot be trained`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var layer: LSTM<Float> = SmallLayers.lstm()
      let gradients = layer.parameters.zeros()
      layer.parameters.block = try layer.parameters.block.packed(
        .float16, layer.parameters.plan, block: 0)
      let tape = layer.makeTape(steps: 2, batch: 1)
      let x = SequenceBatch<Float>.zeros(steps: 2, batch: 1, features: 3)
      let y = layer.forward(x, recording: tape).outputs
      var sums = gradients
      layer.backward(y, through: tape, accumulatingInto: &sums)
    }
    #expect(standardError(of: result).contains("keep the layer that inference(weights:)"))
  }

  @Test(.enabled(if: allocation_counter_is_available()), arguments: WeightFormat.allCases)
  func `a step allocates nothing`(format: WeightFormat) throws {
    let session = StreamingSession(
      try (SmallLayers.chain(9, 64) as SmallChain<Float>).inference(weights: format))
    let x = Matrix<Float>.zeros(rows: 1, columns: 9)
    let chunk = SequenceBatch<Float>.zeros(steps: 6, batch: 1, features: 9)
    LayerAllocationTests().expectNone("a step, \(format)") { session.step(x) }
    LayerAllocationTests().expectNone("a chunk, \(format)") { session.advance(chunk) }
  }
}
