import LinAlg
import Recurrent

// Functions of values in ONNX's elementary operators: those that every runtime has.

extension OnnxGraphWriter {
  mutating func squeeze(_ x: OnnxReference, axis: Int) -> OnnxReference {
    one("Squeeze", [x, integers([axis])])
  }

  mutating func unsqueeze(_ x: OnnxReference, axis: Int) -> OnnxReference {
    one("Unsqueeze", [x, integers([axis])])
  }

  mutating func transpose(_ x: OnnxReference, _ order: [Int]) -> OnnxReference {
    one("Transpose", [x], ["perm": .ints(order)])
  }

  /// The elements `range` of an axis.
  mutating func slice(_ x: OnnxReference, axis: Int, _ range: Range<Int>) -> OnnxReference {
    one(
      "Slice",
      [x, integers([range.lowerBound]), integers([range.upperBound]), integers([axis])])
  }

  /// Parts along an axis, one behind the other.
  mutating func split(_ x: OnnxReference, axis: Int, _ sizes: [Int]) -> [OnnxReference] {
    if sizes.count == 1 { return [x] }
    return node("Split", [x, integers(sizes)], ["axis": .int(axis)], outputs: sizes.count)
  }

  mutating func concatenate(_ values: [OnnxReference], axis: Int) -> OnnxReference {
    values.count == 1 ? values[0] : one("Concat", values, ["axis": .int(axis)])
  }

  /// `ReduceSum`, `ReduceMean` or `ReduceMax` along an axis, which stays with length 1 if it `isKept`.
  mutating func reduce(
    _ type: String, _ x: OnnxReference, axis: Int, isKept: Bool = true
  ) -> OnnxReference {
    // Before that version the axes of all but the sum are an attribute.
    if type == "ReduceSum" || opset >= 18 {
      return one(type, [x, integers([axis])], ["keepdims": .int(isKept ? 1 : 0)])
    }
    return one(type, [x], ["axes": .ints([axis]), "keepdims": .int(isKept ? 1 : 0)])
  }

  mutating func cast(_ x: OnnxReference, _ type: OnnxElementType) -> OnnxReference {
    one("Cast", [x], ["to": .int(Int(type.rawValue))])
  }

  /// A value of zeros, or of another number, whose shape is a tensor.
  mutating func filled<S: OnnxScalar & BinaryFloatingPoint>(
    _ value: Double, _ shape: OnnxReference, as _: S.Type
  ) -> OnnxReference {
    one("Expand", [number(value, as: S.self), shape])
  }

  /// A matrix with rows and columns exchanged, as the second operand of a product.
  mutating func turned<S: OnnxScalar>(_ matrix: Matrix<S>, name: String) -> OnnxReference {
    let (rows, columns, elements) = (matrix.rows, matrix.columns, matrix.elements)
    let turned = (0..<columns).flatMap { c in (0..<rows).map { r in elements[r * columns + c] } }
    return constant(OnnxTensor(shape: [columns, rows], turned), name: name)
  }

  /// `(x − mean x) / √(variance of x + ε)` over the last axis, which is number `axis`.
  mutating func standardized<S: OnnxScalar & BinaryFloatingPoint>(
    _ x: OnnxReference, axis: Int, epsilon: Double, as _: S.Type
  ) -> OnnxReference {
    let centred = one("Sub", [x, reduce("ReduceMean", x, axis: axis)])
    let variance = reduce("ReduceMean", one("Mul", [centred, centred]), axis: axis)
    let deviation = one("Sqrt", [one("Add", [variance, number(epsilon, as: S.self)])])
    return one("Div", [centred, deviation])
  }

  mutating func magnitude(_ x: OnnxReference) -> OnnxReference {
    one("Add", [one("Relu", [x]), one("Relu", [one("Neg", [x])])])
  }

  /// `x` limited to `low...high`; NaN stays.
  mutating func clamped<S: OnnxScalar & BinaryFloatingPoint>(
    _ x: OnnxReference, _ low: Double, _ high: Double, as _: S.Type
  ) -> OnnxReference {
    let (low, high) = (number(low, as: S.self), number(high, as: S.self))
    let bounded = one("Where", [one("Less", [x, low]), low, x])
    return one("Where", [one("Greater", [x, high]), high, bounded])
  }

  /// `log(1 + eˣ)`, without overflow.
  mutating func softplus<S: OnnxScalar & BinaryFloatingPoint>(
    _ x: OnnxReference, as _: S.Type
  ) -> OnnxReference {
    let small = one("Exp", [one("Neg", [magnitude(x)])])
    let log = one("Log", [one("Add", [small, number(1, as: S.self)])])
    return one("Add", [one("Relu", [x]), log])
  }

  /// `f(x)` of each element.
  mutating func activated<S: OnnxScalar & BinaryFloatingPoint>(
    _ x: OnnxReference, _ function: Activation, as _: S.Type
  ) -> OnnxReference {
    switch function {
    case .identity: return x
    case .tanh: return one("Tanh", [x])
    case .sigmoid: return one("Sigmoid", [x])
    case .relu: return one("Relu", [x])
    case .exp: return one("Exp", [x])
    case .leakyRelu(let alpha):
      let below = one("Mul", [x, number(alpha, as: S.self)])
      return one("Where", [one("Greater", [x, number(0, as: S.self)]), x, below])
    case .elu(let alpha):
      let power = one("Sub", [one("Exp", [x]), number(1, as: S.self)])
      let below = one("Mul", [power, number(alpha, as: S.self)])
      return one("Where", [one("Greater", [x, number(0, as: S.self)]), x, below])
    case .softplus: return softplus(x, as: S.self)
    case .softsign:
      return one("Div", [x, one("Add", [magnitude(x), number(1, as: S.self)])])
    case .hardSigmoid(let alpha, let beta):
      let line = affine(x, alpha, beta, as: S.self)
      return clamped(line, 0, 1, as: S.self)
    }
  }

  /// `alpha·x + beta`.
  mutating func affine<S: OnnxScalar & BinaryFloatingPoint>(
    _ x: OnnxReference, _ alpha: Double, _ beta: Double, as _: S.Type
  ) -> OnnxReference {
    if alpha == -1 && beta != 0 { return one("Sub", [number(beta, as: S.self), x]) }
    let scaled = alpha == 1 ? x : one("Mul", [x, number(alpha, as: S.self)])
    return beta == 0 ? scaled : one("Add", [scaled, number(beta, as: S.self)])
  }
}
