import Foundation
import Testing

@testable import OnnxCases

/// The committed cases of Tests/Golden/onnx; Tools/golden says where they are from.
@Suite struct GoldenTests {
  static func cases(_ name: String) -> [OnnxCase] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Golden/onnx")
    return (try? OnnxCase.cases(file: folder.appendingPathComponent("\(name).cases").path)) ?? []
  }

  @Test func filesAreThere() {
    #expect(Self.cases("nodes").count == 161)
    #expect(Self.cases("recurrent").count == 40)
    #expect(
      Self.cases("models").map(\.name) == [
        "tagger", "classifier", "decoder-step", "language-step",
      ])
  }

  @Test(arguments: cases("nodes")) func nodeCaseOfONNX(_ one: OnnxCase) {
    #expect(one.run() == .passed)
  }

  @Test(arguments: cases("recurrent")) func nodeThatONNXRuntimeHasRun(_ one: OnnxCase) {
    #expect(one.run() == .passed)
  }

  @Test(arguments: cases("models")) func modelOfPyTorch(_ one: OnnxCase) {
    for threads in 1...3 { #expect(one.run(threads: threads) == .passed) }
  }
}
