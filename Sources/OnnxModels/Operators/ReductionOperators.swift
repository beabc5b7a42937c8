import LinAlg

// ReduceSum, ReduceMean, ReduceMax, CumSum, Softmax, LogSoftmax.

enum ReductionOperators {
  private typealias Kernel =
    @Sendable (OnnxTensor, Reduction, RunContext) throws(OnnxError) -> OnnxTensor

  /// - Parameter version: the operator set from which on the axes are an input and no attribute.
  private static func reduction(
    _ reader: inout NodeReader, axesAreInputSince version: Int, _ kernel: @escaping Kernel
  ) throws(OnnxError) -> CompiledNode {
    let isInput = reader.opset >= version
    try reader.inputs(1, upTo: isInput ? 2 : 1)
    try reader.expect(1, .int64)
    let keeps = try reader.flag("keepdims", default: true)
    let isIdle =
      isInput ? try reader.flag("noop_with_empty_axes", default: false) : false
    let attribute = isInput ? nil : try reader.ints("axes")
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let form = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) -> Reduction? in
        var given = try inputs.optional(1)?.integers() ?? attribute ?? []
        if given.isEmpty {
          if isIdle { return nil }
          given = Array(x.shape.indices)
        }
        return try Reduction(x.shape, axes: axes(given, rank: x.shape.count), keeps: keeps)
      }
      guard let form else { return x }
      return try kernel(x, form, context)
    }
  }

  private static func kernel<F: ReducingFunction>(_: F.Type) -> Kernel {
    { (x, form, context) throws(OnnxError) in try reduced(F.self, x, form, context) }
  }

  static func sum(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    let kernel =
      switch try reader.type(0, among: .numbers) {
      case .float32: kernel(Summing<Float>.self)
      case .float64: kernel(Summing<Double>.self)
      case .int32: kernel(Summing<Int32>.self)
      default: kernel(Summing<Int64>.self)
      }
    return try reduction(&reader, axesAreInputSince: 13, kernel)
  }

  static func maximum(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    let types: [OnnxElementType] = reader.opset >= 20 ? .all : .numbers
    let kernel =
      switch try reader.type(0, among: types) {
      case .float32: kernel(TakingLargest<Float>.self)
      case .float64: kernel(TakingLargest<Double>.self)
      case .int32: kernel(TakingLargest<Int32>.self)
      case .int64: kernel(TakingLargest<Int64>.self)
      case .bool: kernel(TakingAnyTruth.self)
      }
    return try reduction(&reader, axesAreInputSince: 18, kernel)
  }

  static func mean(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    let kernel =
      switch try reader.type(0, among: .numbers) {
      case .float32: mean(Float.self)
      case .float64: mean(Double.self)
      case .int32: integerMean(Int32.self)
      default: integerMean(Int64.self)
      }
    return try reduction(&reader, axesAreInputSince: 18, kernel)
  }

  private static func mean<S: OnnxFloat>(_: S.Type) -> Kernel {
    { (x, form, context) throws(OnnxError) in
      let result = try reduced(Summing<S>.self, x, form, context)
      let (to, size) = (result.mutable(as: S.self), S(form.size))
      for i in 0..<result.count { to[i] /= size }
      return result
    }
  }

  private static func integerMean<T: OnnxInteger>(_: T.Type) -> Kernel {
    { (x, form, context) throws(OnnxError) in
      let (result, size) = (try reduced(Summing<T>.self, x, form, context), form.size)
      try check(size > 0 || result.count == 0, "the mean of no whole numbers")
      let to = result.mutable(as: T.self)
      for i in 0..<result.count { to[i] = T(truncatingIfNeeded: Int(to[i]) / size) }
      return result
    }
  }

  static func cumulativeSum(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expectIntegers(1)
    let excludes = try reader.flag("exclusive", default: false)
    let reverses = try reader.flag("reverse", default: false)
    return switch try reader.type(0, among: .numbers) {
    case .float32: cumulativeSum(Float.self, excludes, reverses)
    case .float64: cumulativeSum(Double.self, excludes, reverses)
    case .int32: cumulativeSum(Int32.self, excludes, reverses)
    default: cumulativeSum(Int64.self, excludes, reverses)
    }
  }

  private static func cumulativeSum<T: OnnxNumber>(
    _: T.Type, _ excludes: Bool, _ reverses: Bool
  ) -> CompiledNode {
    CompiledNode(T.onnxType) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let axis = try axis(inputs[1].integer(), rank: x.shape.count)
      let result = try context.make(T.onnxType, x.shape)
      guard x.count > 0 else { return result }
      let split = AxisSplit(x.shape, axis)
      let (from, to) = (x.pointer(as: T.self), result.mutable(as: T.self))
      for outer in 0..<split.outer {
        for inner in 0..<split.inner {
          let start = outer * split.size * split.inner + inner
          var sum: T = 0
          for i in 0..<split.size {
            let at = start + (reverses ? split.size - 1 - i : i) * split.inner
            let next = T.sum(sum, from[at])
            to[at] = excludes ? sum : next
            sum = next
          }
        }
      }
      withExtendedLifetime(x) {}
      return result
    }
  }

  static func softmax(
    _ function: RowActivation
  ) -> (inout NodeReader) throws(OnnxError) -> CompiledNode {
    { (reader) throws(OnnxError) in
      try reader.inputs(1)
      let along = try reader.int("axis", default: -1)
      return try reader.type(0, among: .floats) == .float32
        ? softmax(function, along, Float.self) : softmax(function, along, Double.self)
    }
  }

  private static func softmax<S: OnnxFloat>(
    _ function: RowActivation, _ along: Int, _: S.Type
  ) -> CompiledNode {
    CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      // A single number is a row by itself.
      guard !x.shape.isEmpty else {
        let row = try rows(function, S.self, x.reshaped([1]), context)
        return row.reshaped([])
      }
      let axis = try axis(along, rank: x.shape.count)
      guard axis < x.shape.count - 1 else { return try rows(function, S.self, x, context) }
      var order = Array(x.shape.indices)
      order.swapAt(axis, x.shape.count - 1)
      let turned = try rows(function, S.self, transposed(x, order, context), context)
      return try transposed(turned, order, context)
    }
  }

  /// The function of every row along the fastest axis.
  private static func rows<S: OnnxFloat>(
    _ function: RowActivation, _: S.Type, _ x: OnnxTensor, _ context: RunContext
  ) throws(OnnxError) -> OnnxTensor {
    let result = try context.make(S.onnxType, x.shape)
    guard x.count > 0, let columns = x.shape.last else { return result }
    S.apply(
      function, x.pointer(as: S.self), into: result.mutable(as: S.self),
      rows: x.count / columns, columns: columns)
    withExtendedLifetime(x) {}
    return result
  }
}
