import LinAlg
import Recurrent

extension LayerNorm {
  /// The normalised value, of the same shape.
  ///
  /// - Precondition: `x` has as many features as the layer.
  public func callAsFunction(_ x: Node<Scalar>) -> Node<Scalar> {
    let graph = x.graph
    let operation = graph.next(NormOperation<Scalar>.self) { NormOperation() }
    return operation(parameters, epsilon, x, on: graph)
  }
}

/// `y = gain∘(x − mean x) / √(variance x + ε) + bias` in every row.
private final class NormOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var block: ParameterBlock<Scalar>?
  private var epsilon: Scalar = 0
  private var place: Int?
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "layer norm" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    block.map { .layerNorm($0, epsilon: epsilon) } ?? .other("\(name)")
  }

  func callAsFunction(
    _ parameters: LayerNormParameters<Scalar>, _ epsilon: Double, _ x: Node<Scalar>,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    parameters.checkLayout()
    let shape = x.shape
    require(
      shape.features == parameters.features,
      "layer norm: x has shape \(shape), expected \(parameters.features) features")
    (block, self.epsilon) = (parameters.block, Scalar(epsilon))
    place = graph.isRecording ? graph.trained.place(of: parameters.block, name) : nil
    if place != nil { takeTrained() }
    take(x, isRead: true, on: graph)
    let y = give(shape, on: graph)
    graph.divideForward(self, rows: shape.rows, work: 4 * shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let F = graph.shape(outputs[0]).features
    let (x, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    block?.withUnsafeBufferPointer { p in
      guard let gain = p.baseAddress else { return }
      for row in rows {
        normalizeRow(x + row * F, gain, gain + F, epsilon, into: y + row * F, count: F)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.contribute(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.rows, work: 8 * shape.count)
    }
    guard let place, let dy = graph.gradient(outputs[0]) else { return }
    let (x, F) = (graph.values(inputs[0]), shape.features)
    graph.addToGradient(place) { gradients in
      for row in 0..<shape.rows {
        addNormGradients(
          x + row * F, dy + row * F, epsilon, dGain: gradients, dBias: gradients + F, count: F)
      }
    }
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(outputs[0]).features
    let x = graph.values(inputs[0])
    block?.withUnsafeBufferPointer { p in
      guard let gain = p.baseAddress else { return }
      for row in rows {
        normalizeRowBackward(
          x + row * F, gain, dy + row * F, epsilon, into: dx + row * F, count: F)
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { block = nil }
}

/// The mean of a row and the reciprocal of its deviation.
@inline(__always)
private func moments<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, _ epsilon: Scalar, _ count: Int
) -> (mean: Scalar, scale: Scalar) {
  var (sum, squares): (Scalar, Scalar) = (0, 0)
  for i in 0..<count { sum += x[i] }
  let mean = sum / Scalar(count)
  for i in 0..<count { squares += (x[i] - mean) * (x[i] - mean) }
  return (mean, 1 / (squares / Scalar(count) + epsilon).squareRoot())
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func normalizeRow<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, _ gain: UnsafePointer<Scalar>, _ bias: UnsafePointer<Scalar>,
  _ epsilon: Scalar, into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  let (mean, scale) = moments(x, epsilon, count)
  for i in 0..<count { y[i] = gain[i] * ((x[i] - mean) * scale) + bias[i] }
}

/// With `z` the standardised row and `g = dy∘gain`: `dx = (g − mean g − z·mean(g∘z)) / deviation`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func normalizeRowBackward<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, _ gain: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>,
  _ epsilon: Scalar, into dx: UnsafeMutablePointer<Scalar>, count: Int
) {
  let (mean, scale) = moments(x, epsilon, count)
  var (sum, product): (Scalar, Scalar) = (0, 0)
  for i in 0..<count {
    let g = dy[i] * gain[i]
    sum += g
    product += g * ((x[i] - mean) * scale)
  }
  (sum, product) = (sum / Scalar(count), product / Scalar(count))
  for i in 0..<count {
    dx[i] = scale * (dy[i] * gain[i] - sum - (x[i] - mean) * scale * product)
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func addNormGradients<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>, _ epsilon: Scalar,
  dGain: UnsafeMutablePointer<Scalar>, dBias: UnsafeMutablePointer<Scalar>, count: Int
) {
  let (mean, scale) = moments(x, epsilon, count)
  for i in 0..<count {
    dGain[i] += dy[i] * ((x[i] - mean) * scale)
    dBias[i] += dy[i]
  }
}
