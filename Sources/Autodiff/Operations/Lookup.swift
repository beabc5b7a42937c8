import LinAlg
import Recurrent

extension Embedding {
  /// The rows of the given tokens, `[T, N, D]`; the gradient touches the rows of tokens that occur.
  ///
  /// - Parameters:
  ///   - tokens: `[T, N]`, each in `0..<vocabularySize`.
  ///   - graph: computes it.
  public func callAsFunction(_ tokens: TokenBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    parameters.checkLayout()
    tokens.checkTokens(vocabularySize: vocabularySize)
    let operation = graph.next(LookupOperation<Scalar>.self) { LookupOperation() }
    return operation(parameters.block, features, tokens, on: graph)
  }
}

/// `y[t, n] = W[token[t, n]]`, `dW[token[t, n]] += dy[t, n]`.
private final class LookupOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var block: ParameterBlock<Scalar>?
  private var tokens: TokenBatch?
  private var place: Int?
  private var features = 0
  private var dW: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "embedding" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    guard let block, let tokens else { return .other("\(name)") }
    return .lookup(block, tokens)
  }

  func callAsFunction(
    _ block: ParameterBlock<Scalar>, _ features: Int, _ tokens: TokenBatch,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    place = graph.isRecording ? graph.trained.place(of: block, name) : nil
    if place != nil { takeTrained() }
    (self.block, self.tokens, self.features) = (block, tokens, features)
    let shape = NodeShape(steps: tokens.steps, batch: tokens.batch, features: features)
    let y = give(shape, on: graph)
    graph.divideForward(self, rows: shape.rows, work: shape.count)
    graph.finish(self)
    // The way back needs the tokens, not the table.
    self.block = nil
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let block, let tokens else { return }
    let (y, D) = (graph.output(outputs[0]), features)
    block.withUnsafeBufferPointer { W in
      tokens.withUnsafeBufferPointer { tokens in
        guard let W = W.baseAddress else { return }
        for row in rows { (y + row * D).update(from: W + Int(tokens[row]) * D, count: D) }
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let place, let tokens else { return }
    graph.addToGradient(place) { dW in
      self.dW = dW
      // By features, not by rows: a token that occurs twice is one row of the table.
      graph.divideBackward(self, rows: features, work: tokens.count * features)
    }
  }

  override func backward(_ columns: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dW, let tokens, let dy = graph.gradient(outputs[0]) else { return }
    let D = features
    let bytes = columns.count * MemoryLayout<Scalar>.stride
    tokens.withUnsafeBufferPointer { tokens in
      for row in 0..<tokens.count {
        let d = dy + row * D + columns.lowerBound
        // Padding, before a layer.
        if areZeros(d, byteCount: bytes) { continue }
        addElements(
          d, to: dW + Int(tokens[row]) * D + columns.lowerBound, count: columns.count)
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { (block, tokens) = (nil, nil) }
}
