import LinAlg
import Recurrent

/// A model: parts with parameters, and a function from inputs to nodes that is written forward only.
///
/// ```swift
/// struct Tagger<Scalar: RecurrentScalar>: Model {
///   var embedding: Embedding<Scalar>
///   var encoder: Bidirectional<LSTM<Scalar>>
///   var output: Linear<Scalar>
///
///   mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
///     part("embedding", &embedding)
///     part("encoder", &encoder)
///     part("output", &output)
///   }
///
///   func callAsFunction(
///     _ tokens: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>
///   ) -> Node<Scalar> {
///     output(encoder(embedding(tokens, on: graph), lengths: lengths).outputs)
///   }
/// }
/// ```
/// From the parts follow the list of all parameters, their gradients, what an optimizer remembers and names
/// in files; from the function its way back. A part that is used twice is one part: its gradient is the sum.
/// Two parts that were copied from each other are two.
public protocol Model<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar

  /// Calls `part` with the name of each part and the part, in an order that never changes.
  mutating func visitParts(_ part: inout PartVisitor<Scalar>)
}

extension Model {
  /// All trainable numbers of all parts: reading shares them, assigning replaces them.
  public var parameters: ModelParameters<Scalar> {
    get {
      var (copy, visitor) = (self, PartVisitor<Scalar>(.gather))
      copy.visitParts(&visitor)
      return ModelParameters(blocks: visitor.blocks, names: visitor.names)
    }
    set {
      parameters.checkLayout(of: newValue, "the parameters assigned")
      var take = PartVisitor<Scalar>(.take)
      visitParts(&take)
      var put = PartVisitor<Scalar>(.put)
      (put.blocks, put.standIns) = (newValue.blocks, take.standIns)
      visitParts(&put)
    }
  }

  /// Begins a recorded pass of this model: parts that hold the same memory because one was copied from the
  /// other get memory of their own.
  mutating func beginRecording(on graph: Graph<Scalar>) {
    graph.beginRecording()
    while !graph.trained.register(&self, threads: graph.threads) {
      var visitor = PartVisitor<Scalar>(.separate)
      visitParts(&visitor)
    }
  }
}

// Passes of a model on a graph.
extension Model {
  /// The loss, and in ``Graph/gradients`` its gradients by all parameters.
  ///
  /// - Parameters:
  ///   - graph: records the pass and runs it backwards.
  ///   - loss: computes the loss, a node of shape `[1, 1, 1]`, from this model on the graph.
  /// - Returns: the loss.
  public func gradients(
    on graph: Graph<Scalar>, of loss: (Self, Graph<Scalar>) throws -> Node<Scalar>
  ) rethrows -> Loss {
    var copy = self
    return try copy.recordGradients(on: graph, of: loss)
  }

  /// As ``gradients(on:of:)``, without a copy of the model.
  package mutating func recordGradients(
    on graph: Graph<Scalar>, of loss: (Self, Graph<Scalar>) throws -> Node<Scalar>
  ) rethrows -> Loss {
    let node = try recordPass(on: graph, of: loss)
    let result = node.loss
    if result.sum.isFinite { graph.runBackward(from: node) }
    return result
  }

  /// Records a pass up to its loss, for a way back that may follow.
  package mutating func recordPass(
    on graph: Graph<Scalar>, of loss: (Self, Graph<Scalar>) throws -> Node<Scalar>
  ) rethrows -> Node<Scalar> {
    beginRecording(on: graph)
    return try loss(self, graph)
  }

  /// Runs the model without a way back: nothing is kept for one, and nothing is dropped at random.
  public func evaluate<Result>(
    on graph: Graph<Scalar>, _ body: (Self, Graph<Scalar>) throws -> Result
  ) rethrows -> Result {
    graph.beginEvaluation()
    return try body(self, graph)
  }
}
