import Autodiff
import Foundation
import LinAlg
import Recurrent
import Testing

@testable import ModelFiles

/// A tagger with a part of each kind.
private struct Tagger: Model {
  var embedding: Embedding<Float>
  var encoder: Stacked<Bidirectional<LSTM<Float>>>
  var start = Parameter<Float>(rows: 1, columns: 3)
  var output: [Linear<Float>]

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: 5, features: 3, using: &rng)
    encoder = Stacked(count: 2, inputSize: 3) { D in
      Bidirectional { LSTM(inputSize: D, hiddenSize: 2, using: &rng) }
    }
    output = (0..<2).map { _ in Linear(inputSize: 4, outputSize: 2, using: &rng) }
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("start", &start)
    part("output", &output)
  }
}

/// A model of models, with a part that no other library has.
private struct Pair: Model {
  var first = Tagger(seed: 1)
  var mixed: Chain<GRU<Float>, LSTM<Float>>

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    first = Tagger(seed: seed)
    mixed = GRU<Float>(inputSize: 3, hiddenSize: 2, using: &rng).followed(
      by: LSTM(inputSize: 2, hiddenSize: 2, using: &rng))
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("first", &first)
    part("mixed", &mixed)
  }
}

@Suite struct ModelFileTests {
  func numbers<M: Model>(_ model: M) -> [[M.Scalar]] {
    let parameters = model.parameters
    return (0..<parameters.blockCount).map { block in
      parameters[block: block].withUnsafeBufferPointer { Array($0) }
    }
  }

  @Test(arguments: [WeightLayout.native, .pytorch, .keras, .mlx])
  func `a model comes back under the names of its parts`(_ layout: WeightLayout) throws {
    try inFolder { folder in
      let path = folder + "/model.safetensors"
      let model = Tagger(seed: 1)
      try model.write(to: path, layout: layout)
      var other = Tagger(seed: 2)
      #expect(numbers(other) != numbers(model))
      try other.readWeights(contentsOf: path, layout: layout)
      #expect(numbers(other) == numbers(model))
      let names = try TensorFile(contentsOf: path).tensors.map(\.name)
      if layout == .pytorch {
        for name in ["embedding.weight", "encoder.weight_ih_l1_reverse", "start", "output.1.bias"] {
          #expect(names.contains(name))
        }
      }
      if layout == .keras { #expect(names.contains("output/1/kernel")) }
      // One part by itself.
      let linear = try Linear<Float>(
        contentsOf: path, layout: layout, prefix: layout == .keras ? "output/1/" : "output.1.")
      #expect(linear.parameters.W.elements == model.output[1].parameters.W.elements)
    }
  }

  @Test func `in half precision`() throws {
    let model = Tagger(seed: 1)
    let tensors = try model.tensors(layout: .pytorch, prefix: "m.", as: .bfloat16)
    #expect(tensors.allSatisfy { $0.elementType == .bfloat16 && $0.name.hasPrefix("m.") })
    var other = Tagger(seed: 2)
    try other.readWeights(from: TensorFile(tensors), layout: .pytorch, prefix: "m.")
    for (a, b) in zip(numbers(model).joined(), numbers(other).joined()) {
      #expect(abs(a - b) <= abs(a) / 256)
    }
  }

  @Test func `everything that is wrong is named at once, and nothing changes`() throws {
    let model = Tagger(seed: 1)
    var tensors = try model.tensors(layout: .pytorch)
    tensors.removeAll { $0.name == "embedding.weight" || $0.name == "output.0.weight" }
    tensors.append(Tensor("output.0.weight", shape: [4, 2], [Float](repeating: 0, count: 8)))
    tensors.append(Tensor("decoder.weight", shape: [1], [Float(0)]))
    tensors.append(Tensor("stray", shape: [1], [Float(0)]))
    var other = Tagger(seed: 2)
    let before = numbers(other)
    let error = #expect(throws: WeightsError.self) {
      try other.readWeights(from: TensorFile(tensors), layout: .pytorch, path: "a.safetensors")
    }
    #expect(error?.missing == ["embedding.weight"])
    #expect(error?.unexpected == ["decoder.weight", "stray"])
    #expect(
      error?.misshaped == [
        WeightsError.Misshaped(name: "output.0.weight", shape: [4, 2], expected: [2, 4])
      ])
    #expect(
      error?.description == """
        a.safetensors: missing: embedding.weight
          output.0.weight has shape [4, 2], expected [2, 4]
          unexpected: decoder.weight, stray
        """)
    #expect(numbers(other) == before)
  }

  @Test func `parts that a layout lacks are named, and this package's own takes them`() throws {
    let model = Pair(seed: 1)
    let error = #expect(throws: WeightsError.self) { try model.tensors(layout: .pytorch) }
    #expect(error?.reason?.hasPrefix("mixed: pytorch has no Chain<") == true)
    let oneDNN = #expect(throws: WeightsError.self) { try model.tensors(layout: .oneDNN) }
    #expect(oneDNN?.reason?.contains("first.embedding: oneDNN has no embedding\n  mixed: ") == true)
    let file = TensorFile(try model.tensors(layout: .native))
    var other = Pair(seed: 2)
    try other.readWeights(from: file, layout: .native)
    #expect(numbers(other) == numbers(model))
    #expect(file["mixed.1.U"] != nil && file["first.encoder.1.backward.W"] != nil)
  }
}
