import LinAlg
import Recurrent
import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct WritingTests {
  @Test func writtenLayersComputeTheSame() throws {
    let cases = try WrittenModels.cases()
    #expect(cases.count == 16)
    for one in cases { #expect(one.run() == .passed, "\(one)") }
  }

  @Test func namesWhatONNXHasNoWordsFor() throws {
    var rng = SeededGenerator(seed: 1)
    var writer = OnnxGraphWriter()
    let x = writer.input("x", .float32, [.any, .any, .fixed(2)])
    var all: [LSTMOptions] = []
    func add(_ change: (inout LSTMOptions) -> Void) {
      var options = LSTMOptions()
      change(&options)
      all.append(options)
    }
    add { $0.projection = 2 }
    add { $0.memory = .full() }
    add { $0.inputGate = .open }
    add { $0.forgetGate = nil }
    add { $0.outputGate = .hardSigmoid() }
    add { $0.normalization = .sums() }
    add { $0.clipping.cell = 1 }
    add { $0.regularization.zoneoutHidden = 0.1 }
    for options in all {
      let layer = try LSTM<Float>(inputSize: 2, hiddenSize: 3, options: options, using: &rng)
      do throws(OnnxError) {
        _ = try writer.append(layer, to: x)
        Issue.record("\(options) was written")
      } catch {
        #expect(error.kind == .unsupported && error.place.hasPrefix("LSTM<Float>"))
      }
    }
    let layer = LSTM<Float>(inputSize: 2, hiddenSize: 3, using: &rng)
    #expect(throws: OnnxError.self) { try writer.append(layer, to: x, from: [x]) }
  }

  @Test func tensorsComeBack() throws {
    for tensor in [
      OnnxTensor(shape: [2], [1.5, -2] as [Float]), OnnxTensor(3.25), OnnxTensor(Int64.min),
      OnnxTensor(shape: [0, 3], [] as [Int32]), OnnxTensor(shape: [1, 2], [true, false]),
    ] {
      let back = try OnnxTensor(serialized: tensor.serialized())
      #expect(back.description == tensor.description)
      #expect(try back.serialized() == tensor.serialized())
    }
  }
}
