import Autodiff
import LinAlg
import Recurrent
import SequenceModels

struct Tagger: Model {  // its parts by name and one function; the way back follows from them
  var embedding: Embedding<Float>
  var encoder: Bidirectional<LSTM<Float>>
  var output: Linear<Float>

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("output", &output)
  }

  func callAsFunction(
    _ words: TokenBatch, lengths: [Int], on graph: Graph<Float>
  ) -> Node<Float> {
    output(encoder(embedding(words, on: graph), lengths: lengths).outputs)
  }
}

var rng = SeededGenerator(seed: 42)
var tagger = Tagger(
  embedding: Embedding(vocabularySize: 6, features: 8, using: &rng),
  encoder: Bidirectional { LSTM(inputSize: 8, hiddenSize: 16, using: &rng) },
  output: Linear(inputSize: 32, outputSize: 2, using: &rng))

// Two sentences of 4 and 3 words, time first. The tag of a word says whether a 5 comes later.
let words = TokenBatch(steps: 4, batch: 2, tokens: [1, 2, 3, 5, 5, 4, 2, 0])
let tags = TokenBatch(steps: 4, batch: 2, tokens: [1, 1, 1, 0, 0, 0, 0, 0])
let lengths = [4, 3]

let graph = Graph<Float>(seed: 1)  // keeps its memory: a training step allocates nothing
var adam = Adam(for: tagger.parameters, learningRate: 0.01)
for _ in 0..<100 {
  try tagger.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { tagger, graph in
    tagger(words, lengths: lengths, on: graph).crossEntropy(tags, lengths: lengths)
  }
}
let loss = tagger.evaluate(on: graph) { tagger, graph in
  tagger(words, lengths: lengths, on: graph).crossEntropy(tags, lengths: lengths).loss
}
print(loss.count, loss.mean < 0.01)  // 7 true: seven words, all known by heart
