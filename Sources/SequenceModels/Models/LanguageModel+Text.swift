import Autodiff
import LinAlg
import Recurrent

// One long text, in windows.
extension LanguageModel {
  /// One step of training on a window of text. Gradients stop at its beginning: truncated backpropagation
  /// through time.
  ///
  /// ```swift
  /// var state: SequenceBatch<Float>?
  /// for index in 0..<streams.windowCount {
  ///   streams.load(index, into: &window)
  ///   try model.trainingStep(window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - window: inputs and targets, `[T, N]`; targets of ``TokenStreams/ignored`` do not count.
  ///   - state: the state before the window, nil for none; on return the state after it.
  ///   - horizon: how far back gradients flow within the window; nil for to its beginning.
  ///   - graph: keeps the buffers, and says how many threads there are.
  ///   - optimizer: takes the step.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  /// - Returns: the loss before the step and the norm before clipping.
  /// - Throws: ``TrainingError``; parameters, optimizer and state are then as they were.
  @discardableResult
  public mutating func trainingStep<O: Optimizer>(
    _ window: TokenWindow, state: inout SequenceBatch<Scalar>?, horizon: GradientHorizon? = nil,
    on graph: Graph<Scalar>, optimizer: inout O, maximumNorm: Double = .infinity
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    var after: Node<Scalar>?
    let step = try trainingStep(
      on: graph, optimizer: &optimizer, maximumNorm: maximumNorm
    ) { model, graph in
      let run = model.loss(
        window, from: state.map { graph.constant($0) }, horizon: horizon, on: graph)
      after = run.finalState
      return run.loss
    }
    after?.copy(into: &state)
    return step
  }

  /// How well the model predicts a text: `evaluate(…).perplexity`, or `.bitsPerToken`.
  ///
  /// - Parameters:
  ///   - tokens: the text. All tokens but the first are predicted.
  ///   - streams: into how many pieces the text is cut, to be read side by side. Each begins without
  ///     a past, which costs a little accuracy; 1 reads the text in one go and is slowest.
  ///   - steps: how many steps are computed at once; changes memory and speed, not the result.
  ///   - threads: how many threads may be used; nil means one for each processor.
  /// - Precondition: there are more tokens than streams.
  public func evaluate(
    _ tokens: [Token], streams: Int = 1, steps: Int = 128, threads: Int? = nil
  ) -> Loss {
    let pieces = TokenStreams(tokens, batch: streams, steps: steps)
    let graph = Graph<Scalar>(threads: threads)
    var (window, loss) = (TokenWindow(), Loss())
    var state: SequenceBatch<Scalar>?
    for index in 0..<pieces.windowCount {
      pieces.load(index, into: &window)
      evaluate(on: graph) { model, graph in
        let run = model.loss(window, from: state.map { graph.constant($0) }, on: graph)
        loss += run.loss.loss
        run.finalState.copy(into: &state)
      }
    }
    return loss
  }

  /// How well the model predicts sequences and their ends.
  ///
  /// - Parameters:
  ///   - sequences: each by itself, of any length.
  ///   - frame: what stands before and behind them.
  ///   - batch: how many are computed at once; changes memory and speed, not the result.
  ///   - threads: how many threads may be used; nil means one for each processor.
  public func evaluate(
    _ sequences: [[Token]], in frame: SequenceFrame, batch: Int = 32, threads: Int? = nil
  ) -> Loss {
    let source = FramedSequences(sequences, frame: frame)
    let graph = Graph<Scalar>(threads: threads)
    var loss = Loss()
    for numbers in source.buckets(batch: batch, seed: 0).order(epoch: 0) {
      evaluate(on: graph) { model, graph in
        loss += model.loss(source.batch(numbers), on: graph).loss
      }
    }
    return loss
  }
}

// Writing.
extension LanguageModel {
  /// Writes on where each of some sequences ends, side by side.
  ///
  /// ```swift
  /// var sampler = SequenceSampler(maximumLength: 60)
  /// (sampler.count, sampler.seed) = (100, 1)
  /// let verses = model.write(after: [[bos]], by: sampler, end: eos)[0]
  /// ```
  ///
  /// - Parameters:
  ///   - prompts: what the model has read of each, one token at least, such as ``Vocabulary/beginning``.
  ///   - sampler: how to draw, how much, and how often.
  ///   - end: the token that ends a sequence; nil where only the length does.
  ///   - threads: how many threads may be used; nil means one for each processor.
  /// - Returns: what was written behind each prompt, as often as the sampler says. It follows from the sampler's
  ///   seed, the prompt's number, that of the sample and the step alone.
  /// - Precondition: there is a prompt, and none is empty.
  public func write(
    after prompts: [[Token]], by sampler: SequenceSampler, end: Token?, threads: Int? = nil
  ) -> [[Hypothesis]] {
    require(
      !prompts.isEmpty && prompts.allSatisfy { !$0.isEmpty },
      "write: needs prompts of one token at least, got \(prompts.map(\.count))")
    let read = PaddedBatch(prompts.map { $0.dropLast() }, padding: Padding(with: 0))
    return evaluate(on: Graph(threads: threads)) { model, graph in
      var state = model.layer.beginning(batch: prompts.count, on: graph)
      if read.steps > 0 {
        let x = model.embedding(read.tokens, on: graph)
        state = model.layer(x, from: state, lengths: read.lengths).finalState
      }
      return sampler(
        from: state, begin: prompts.map { $0[$0.count - 1] }, end: end
      ) { tokens, state in model.step(tokens, state, on: graph) }
    }
  }

  /// Writes text on where a prompt ends.
  ///
  /// - Parameters:
  ///   - prompt: what the model has read before; symbols that it does not know are read as
  ///     ``Vocabulary/unknown``. When it is empty the model starts after a line break (or, if it knows
  ///     none, after an unknown symbol).
  ///   - length: how many symbols to write.
  ///   - sampler: how to draw; special symbols are never written.
  ///   - vocabulary: of the model's tokens.
  ///   - tokenizer: what makes symbols of text.
  ///   - generator: the source of randomness, with one draw: with the same seed the text is the same.
  /// - Returns: the text after the prompt.
  /// - Precondition: the vocabulary is the model's, and has `<unk>` or every symbol of the prompt.
  public func write(
    after prompt: String = "", length: Int, by sampler: TokenSampler = TokenSampler(),
    _ vocabulary: Vocabulary, _ tokenizer: some Tokenizer,
    using generator: inout some RandomNumberGenerator
  ) -> String {
    require(length >= 0, "write: negative length \(length)")
    require(
      vocabulary.count == vocabularySize,
      "write: a vocabulary of \(vocabulary.count) for a model of \(vocabularySize) tokens")
    require(vocabulary.count > vocabulary.special.count, "write: the model knows no symbol")
    var sampler = SequenceSampler(sampler, maximumLength: length)
    sampler.banned = Set(vocabulary.special.indices.map { Token($0) })
    sampler.seed = generator.next()
    let start = vocabulary.encode(prompt.isEmpty ? "\n" : prompt, by: tokenizer)
    let written = write(after: [start], by: sampler, end: nil, threads: 1)
    return vocabulary.decode(written[0][0].tokens, by: tokenizer)
  }
}
