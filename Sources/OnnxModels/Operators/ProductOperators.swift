// MatMul and Gemm.

enum ProductOperators {
  static func matMul(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    let type = try reader.type(0, among: .numbers)
    try reader.expect(1, type)
    return switch type {
    case .float32: matMul(Float.self, reader.constants[1])
    case .float64: matMul(Double.self, reader.constants[1])
    case .int32:
      CompiledNode(type) { (inputs, context) throws(OnnxError) in
        try integerProduct(Int32.self, inputs[0], inputs[1], context)
      }
    default:
      CompiledNode(type) { (inputs, context) throws(OnnxError) in
        try integerProduct(Int64.self, inputs[0], inputs[1], context)
      }
    }
  }

  private static func matMul<S: OnnxFloat>(_: S.Type, _ weights: OnnxTensor?) -> CompiledNode {
    if let weights, PackedProduct<S>.takes(weights.shape) {
      let packed = PackedProduct<S>(weights, isTransposed: false, bias: nil)
      var node = CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
        try packed(inputs[0], context)
      }
      node.packedInputs = [1]
      return node
    }
    return CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      try product(S.self, inputs[0], inputs[1], context)
    }
  }

  static func gemm(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2, upTo: 3)
    let type = try reader.type(0, among: .floats)
    try reader.expect(1, type)
    try reader.expect(2, type)
    let form = GemmForm(
      alpha: try reader.float("alpha") ?? 1, beta: try reader.float("beta") ?? 1,
      transA: try reader.flag("transA", default: false),
      transB: try reader.flag("transB", default: false))
    return type == .float32 ? gemm(Float.self, form, reader) : gemm(Double.self, form, reader)
  }

  private static func gemm<S: OnnxFloat>(
    _: S.Type, _ form: GemmForm, _ reader: NodeReader
  ) -> CompiledNode {
    let bias = reader.constants.count > 2 ? reader.constants[2] : nil
    if let weights = reader.constants[1], PackedProduct<S>.takes(weights.shape), !form.transA,
      form.alpha == 1, form.beta == 1, reader.optionalType(2) == nil || bias != nil
    {
      let units = weights.shape[form.transB ? 0 : 1]
      if bias == nil || bias?.shape == [units] || bias?.shape == [1, units] {
        let packed = PackedProduct<S>(weights, isTransposed: form.transB, bias: bias)
        let shape = weights.shape
        var node = CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
          let x = try inputs[0]
          try check(x.shape.count == 2, "the product of \(x.shape) and \(shape)")
          return try packed(x, context)
        }
        node.packedInputs = [1, 2]
        return node
      }
    }
    return CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      try gemm(S.self, form, inputs[0], inputs[1], inputs.optional(2), context)
    }
  }

  private struct GemmForm: Sendable {
    let alpha: Float
    let beta: Float
    let transA: Bool
    let transB: Bool
  }

  /// The sizes of a product, and how what is added to it is read.
  private struct GemmPlan {
    let k: Int
    let shape: [Int]
    let added: StridedLoops?

    init(
      _ form: GemmForm, _ a: [Int], _ b: [Int], _ c: [Int]?
    ) throws(OnnxError) {
      try check(a.count == 2 && b.count == 2, "the product of \(a) and \(b)")
      let (m, k) = form.transA ? (a[1], a[0]) : (a[0], a[1])
      let (l, n) = form.transB ? (b[1], b[0]) : (b[0], b[1])
      try check(
        k == l, "the product of \(a) and \(b), transposed \(form.transA), \(form.transB)")
      for size in [m, n, k] where size > Int(Int32.max) {
        throw OnnxError(.limit, "the product of \(a) and \(b) has an axis above 2^31")
      }
      (self.k, shape) = (k, [m, n])
      try checkPossible(shape)
      if let c {
        try check(try broadcastShape(c, shape) == shape, "a sum of \(c) and \(shape)")
        added = StridedLoops(shape, [broadcastStrides(c, to: shape)])
      } else {
        added = nil
      }
    }
  }

  private static func gemm<S: OnnxFloat>(
    _: S.Type, _ form: GemmForm, _ a: OnnxTensor, _ b: OnnxTensor, _ c: OnnxTensor?,
    _ context: RunContext
  ) throws(OnnxError) -> OnnxTensor {
    let plan = try context.planned(a, b, c) { () throws(OnnxError) in
      try GemmPlan(form, a.shape, b.shape, c?.shape)
    }
    let result = try context.make(S.onnxType, plan.shape)
    let to = result.mutable(as: S.self)
    if let c, let added = plan.added {
      copyStrided(c, added, into: result)
    } else {
      to.update(repeating: 0, count: result.count)
    }
    guard result.count > 0 else { return result }
    guard plan.k > 0 else {
      for i in 0..<result.count { to[i] *= S(form.beta) }
      return result
    }
    S.gemm(
      form.transA ? .transpose : .none, form.transB ? .transpose : .none, m: plan.shape[0],
      n: plan.shape[1], k: plan.k, alpha: S(form.alpha), a: a.pointer(as: S.self),
      lda: a.shape[1], b: b.pointer(as: S.self), ldb: b.shape[1],
      beta: c == nil ? 0 : S(form.beta), c: to, ldc: plan.shape[1])
    withExtendedLifetime((a, b)) {}
    return result
  }
}
