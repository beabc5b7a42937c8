import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels

// A model of a text that repeats itself must come to know it by heart.

let text = String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 40)
var rng = SeededGenerator(seed: 42)
let characters = CharacterTokenizer()
let vocabulary = Vocabulary(counting: text, by: characters, special: [.unknown])
let layer = LSTM<Float>(inputSize: 16, hiddenSize: 32, using: &rng)
var model = LanguageModel(vocabularySize: vocabulary.count, layer: layer, using: &rng)

let tokens = vocabulary.encode(text, by: characters)
let streams = TokenStreams(tokens, batch: 8, steps: 15)
let graph = Graph<Float>(seed: 1)
var adam = Adam(for: model.parameters, learningRate: 0.01)
var window = TokenWindow()
for _ in 0..<25 {
  var state: SequenceBatch<Float>?
  for index in 0..<streams.windowCount {
    streams.load(index, into: &window)
    try model.trainingStep(window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
  }
}

let bits = model.evaluate(tokens, streams: 8).bitsPerToken
print("\(bits) bits per character after training, \(log2(Double(vocabulary.count))) by guessing")
guard bits < 0.5 else {
  print("the model has not learned its text: 0.5 is the limit")
  exit(1)
}
