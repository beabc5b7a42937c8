import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels

// Every ready-made model, in Double, through nothing but public names: its gradients are those of central
// differences, and it learns a few sequences by heart and answers or writes them.

var rng = SeededGenerator(seed: 3)
let (padding, begin, end, unknown): (Token, Token, Token, Token) = (0, 1, 2, 3)
let vocabularySize = 8
let sources: [[Token]] = [[4, 5, 6, 7], [6, 4], [7, 7, 5]]
let targets: [[Token]] = [[5, 4, 7], [4, 4], [6, 7, 5, 4]]

func padded(_ sequences: [[Token]]) -> PaddedBatch {
  PaddedBatch(sequences, padding: Padding(with: padding))
}
let texts = padded(sources)
let frame = SequenceFrame(beginning: begin, end: end, padding: padding)
let framed = frame(targets)
@MainActor func both(_ inputs: Int, _ units: Int) -> Bidirectional<GRU<Double>> {
  Bidirectional { GRU(inputSize: inputs, hiddenSize: units, using: &rng) }
}

// Many to one, and many to many in step.
let classes = TokenBatch(steps: 1, batch: 3, tokens: [2, 0, 1])
var checks = try SequenceClassifier<Bidirectional<GRU<Double>>>.Pooling.allCases.map { pooling in
  try ModelCheck(
    "classifier, \(pooling)",
    SequenceClassifier(
      vocabularySize: vocabularySize, encoder: both(4, 3), classes: 3, pooling: pooling, using: &rng
    )
  ) {
    $0(texts.tokens, lengths: texts.lengths, on: $1).crossEntropy(classes)
  } isRight: {
    $0(texts.tokens, lengths: texts.lengths, on: $1).value.argmax() == classes
  }
}
let labels = TokenBatch(steps: 4, batch: 3, tokens: [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0])
checks.append(
  try ModelCheck(
    "tagger",
    SequenceTagger(vocabularySize: vocabularySize, encoder: both(4, 3), labels: 2, using: &rng)
  ) {
    $0(texts.tokens, lengths: texts.lengths, on: $1).crossEntropy(labels, lengths: texts.lengths)
  } isRight: {
    var accuracy = Accuracy()
    accuracy.add(
      $0(texts.tokens, lengths: texts.lengths, on: $1).value.argmax(), expected: labels,
      lengths: texts.lengths)
    return accuracy.value == 1
  })

// Language models with each output, and one to many.
let kinds: [(String, TokenOutput<Double>.Kind)] = [
  ("softmax", .softmax), ("tied", .tied),
  ("hierarchical", .hierarchical(HuffmanTree(counts: [0, 0, 3, 0, 4, 2, 1, 2]))),
]
let writer = SequenceSampler.greedy(maximumLength: 6)
for (name, kind) in kinds {
  checks.append(
    try ModelCheck(
      "language model, \(name)",
      LanguageModel<LSTM<Double>>.lstm(
        vocabularySize: vocabularySize, embeddingSize: 4, hiddenSize: 5, output: kind, using: &rng)
    ) {
      $0.loss(framed, on: $1)
    } isRight: { model, _ in
      // What begins as a sequence is written as it goes on.
      let written = model.write(
        after: targets.map { [begin] + $0.prefix(2) }, by: writer, end: end, threads: 1)
      return zip(written, targets).allSatisfy { $0[0].tokens == Array($1.dropFirst(2)) }
    })
}
checks.append(
  try ModelCheck(
    "one to many",
    SequenceGenerator(
      classes: 3,
      writer: LanguageModel<LSTM<Double>>.lstm(
        vocabularySize: vocabularySize, embeddingSize: 4, hiddenSize: 6, using: &rng), using: &rng)
  ) {
    $0.writer.loss(framed, from: $0.start(classes, on: $1), on: $1)
  } isRight: { model, graph in
    let written = writer(from: model.start(classes, on: graph), begin: begin, end: end) {
      model.writer.step($0, $1, on: graph)
    }
    return written.map { $0[0].tokens } == targets
  })

// Encoder–decoders with each attention, and copying.
typealias Translator = EncoderDecoder<Bidirectional<GRU<Double>>, GRU<Double>>
@MainActor func translator(
  _ score: Attention<Double>.Score?, feedsInput: Bool = false, coverage: Bool = false
) -> Translator {
  Translator(
    sourceVocabulary: vocabularySize, targetVocabulary: vocabularySize, encoder: both(4, 3),
    attention: score, feedsInput: feedsInput, coverage: coverage, units: 6, embeddingSize: 4,
    using: &rng
  ) { GRU(inputSize: $0, hiddenSize: 6, using: &$1) }
}
let search = BeamSearch(width: 2, maximumLength: 6)
for (name, model) in [
  ("no attention", translator(nil)), ("dot", translator(.dot)), ("general", translator(.general)),
  ("additive", translator(.additive(units: 4))),
  ("input feeding", translator(.general, feedsInput: true)),
  ("coverage", translator(.additive(units: 4), coverage: true)),
] {
  checks.append(
    try ModelCheck("encoder–decoder, \(name)", model) {
      $0(texts.tokens, lengths: texts.lengths, inputs: framed.inputs, on: $1)
        .crossEntropy(framed.labels, lengths: framed.lengths)
    } isRight: { model, graph in
      let encoded = model.encode(texts.tokens, lengths: texts.lengths, on: graph)
      let rows = encoded.repeated(search.width)
      let found = search(from: encoded.state, begin: begin, end: end) {
        model.step($0, $1, rows, on: graph)
      }
      return found.map { $0[0].tokens } == targets
    })
}
// Words 8 and 9 stand in no vocabulary: they can only be copied.
let strange = padded([[4, 8, 6], [9, 4], [5, 8, 9]])
let copies: [[Token]] = [[8, 5], [4, 9], [9, 8]]
let copied = frame(copies)
checks.append(
  try ModelCheck(
    "pointer–generator",
    PointerGenerator(translator(.additive(units: 4)), unknown: unknown, using: &rng)
  ) {
    let encoded = $0.encode(strange.tokens, wordCount: 10, lengths: strange.lengths, on: $1)
    return $0(encoded, inputs: copied.inputs, on: $1).scores
      .crossEntropy(copied.labels, lengths: copied.lengths)
  } isRight: {
    let encoded = $0.encode(strange.tokens, wordCount: 10, lengths: strange.lengths, on: $1)
    return $0.decode(encoded, by: search, begin: begin, end: end, on: $1).map { $0[0].tokens }
      == copies
  })

// Pointing at points.
let points = SequenceBatch<Double>.uniform(steps: 4, batch: 2, features: 2, in: 0...1, using: &rng)
let orders = [[2, 0, 3, 1], [1, 0]]
let pointers = PointerTargets(orders)
checks.append(
  try ModelCheck(
    "pointer network",
    PointerNetwork(
      features: 2, encoder: both(4, 3), decoder: GRU(inputSize: 4, hiddenSize: 6, using: &rng),
      score: .additive(units: 4), rule: .once, using: &rng)
  ) {
    $0($0.encode(points, lengths: [4, 3], on: $1), inputs: pointers.inputs, on: $1)
      .crossEntropy(pointers.targets, lengths: pointers.lengths)
  } isRight: {
    let found = $0.decode(
      $0.encode(points, lengths: [4, 3], on: $1),
      by: BeamSearch(width: 2, maximumLength: 4), on: $1)
    return found.map { $0[0].tokens.map { Int($0) - 1 } } == orders
  })

// Pictures pixel by pixel: the first row says what is below.
let rows: [[Token]] = [[0, 1, 2], [1, 1, 0], [2, 0, 0]]
let pictures = PixelBatch(rows.map { $0 + $0.reversed() + $0 }, height: 3, width: 3)
for kind in [PixelRNN<Double>.Kind.rowLSTM(kernel: 3), .diagonalBiLSTM] {
  checks.append(
    try ModelCheck(
      "PixelRNN, \(kind)",
      PixelRNN(kind, levels: 3, hiddenSize: 4, layerCount: 1, window: 3, using: &rng)
    ) {
      $0.loss(pictures, on: $1)
    } isRight: {
      $0.complete(pictures, keepingRows: 1, by: TokenSampler(temperature: 0), on: $1) == pictures
    })
}

for check in checks {
  print(
    "\(check.name): gradients differ by \(check.gradientError), \(check.isRight ? "right" : "WRONG")"
  )
}
// The quotient's own error is about step²: 1e-8 times the third derivative.
guard checks.allSatisfy({ $0.gradientError < 1e-6 && $0.isRight }) else {
  print("a gradient differs by more than 1e-6, or a model did not learn its sequences")
  exit(1)
}
