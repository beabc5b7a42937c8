import Autodiff
import LinAlg
import Recurrent

extension OnnxGraphWriter {
  /// A model's function as a graph: whatever it computes on a ``/Autodiff/Graph`` with inputs of the trace.
  ///
  /// ```swift
  /// let file = try OnnxGraphWriter(tracing: tagger) { tagger, trace in
  ///   let (T, N) = (trace.axis("steps"), trace.axis("batch"))
  ///   let tokens = trace.tokens("tokens", steps: T, batch: N, below: vocabulary.count)
  ///   let lengths = trace.lengths("lengths", batch: N, upTo: T)
  ///   trace.output("scores", tagger(tokens, lengths: lengths, on: trace.graph))
  /// }
  /// try file.write(to: "tagger.onnx")
  /// ```
  /// The body is called once for each axis and four times more, with other sizes and contents each time. It must
  /// do the same operations each time, and use its inputs as they are: a loop over an axis, or a choice that Swift
  /// makes by a value, is refused. At last the graph is run by an ``OnnxModel`` with sizes that it was not made from,
  /// the smallest among them, and has to give what the model gave.
  ///
  /// - Parameters:
  ///   - model: the model; nothing is dropped at random.
  ///   - name: what the graph is called.
  ///   - opset: the version of ONNX's operator set, 14 or above.
  ///   - body: makes inputs, calls the model, and names outputs.
  /// - Throws: what cannot be written, with the operation.
  public init<M: Model>(
    tracing model: M, name: String = "model", opset: Int = 17,
    _ body: (M, OnnxTrace<M.Scalar>) -> Void
  ) throws(OnnxError) where M.Scalar: OnnxScalar {
    func run(_ variation: TraceVariation) -> OnnxTrace<M.Scalar> {
      let trace = OnnxTrace<M.Scalar>(variation)
      body(model, trace)
      return trace
    }
    var tracing = TraceWriter(
      try TracedModel(run), OnnxGraphWriter(name: name, opset: opset))
    self = try tracing.write()
    let written = try OnnxModel(bytes: serialized())
    for kind in [TraceVariation.Kind.smallest, .allLarger] {
      let trace = run(TraceVariation(kind: kind, seed: 2000))
      try written.check(trace)
    }
  }
}

extension OnnxModel {
  /// Throws unless this gives what a model gave.
  fileprivate func check<S>(_ trace: OnnxTrace<S>) throws(OnnxError) {
    let names = Set(inputs.map(\.name))
    let results = try run(trace.given.filter { names.contains($0.key) })
    for output in trace.outputs {
      let place = "output '\(output.name)'"
      guard let result = results[output.name], result.shape == output.shape else {
        throw OnnxError(
          .unsupported, at: place,
          "the graph gives shape \(results[output.name]?.shape ?? []), the model \(output.shape)")
      }
      let elements = result.elements(as: S.self)
      for (i, (x, y)) in zip(elements, output.elements).enumerated() {
        let isClose =
          x == y || (x.isNaN && y.isNaN) || (x - y).magnitude <= 1e-3 * (1 + y.magnitude)
        guard isClose else {
          throw OnnxError(
            .unsupported, at: place,
            """
            the graph gives \(x) as element \(i), the model \(y): it does not do the same operations each \
            time that it is run
            """)
        }
      }
    }
  }
}
