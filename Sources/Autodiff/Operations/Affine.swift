import LinAlg
import Recurrent

extension Linear {
  /// `x·Wᵀ + b` for every step, `[T, N, K]`, from `x [T, N, D]`.
  ///
  /// - Precondition: `x` has `D` features.
  public func callAsFunction(_ x: Node<Scalar>) -> Node<Scalar> {
    parameters.checkLayout()
    let graph = x.graph
    let operation = graph.next(AffineOperation<Scalar>.self) { AffineOperation() }
    return operation(parameters.block, parameters.map, x, on: graph)
  }
}

extension Embedding {
  /// `h·Wᵀ` for every step, `[T, N, V]`, from `h [T, N, D]`: one score for each token, with the rows of the
  /// table as the weights (tied embeddings, Press & Wolf 2017). The gradient of the table is the sum of
  /// both uses.
  ///
  /// - Precondition: `h` has `D` features.
  public func scores(_ h: Node<Scalar>) -> Node<Scalar> {
    parameters.checkLayout()
    let graph = h.graph
    let operation = graph.next(AffineOperation<Scalar>.self) { AffineOperation() }
    return operation(parameters.block, parameters.map, h, on: graph)
  }
}

/// `y = x·Wᵀ + b`, `dx = dy·W`, `dW += dyᵀ·x`, `db += Σ dy`.
private final class AffineOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var block: ParameterBlock<Scalar>?
  private var map: AffineMap<Scalar>?
  private var place: Int?
  private var selection = RowSelection()

  override var name: StaticString { "affine map" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    block.map { .affine($0, hasBias: $0.specs.count > 1) } ?? .other("\(name)")
  }

  func callAsFunction(
    _ block: ParameterBlock<Scalar>, _ map: AffineMap<Scalar>, _ x: Node<Scalar>,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let shape = x.shape
    require(
      shape.features == map.inputSize,
      "affine map: x has shape \(shape), expected [T, N, D] with D = \(map.inputSize)")
    place = graph.isRecording ? graph.trained.place(of: block, name) : nil
    if place != nil { takeTrained() }
    (self.block, self.map) = (block, map)
    take(x, isRead: place != nil, on: graph)
    let y = give(
      NodeShape(steps: shape.steps, batch: shape.batch, features: map.outputSize), on: graph)
    if shape.rows > 0 {
      multiply(block, map, shape.rows, graph.values(inputs[0]), graph.output(outputs[0]), graph)
    }
    graph.finish(self)
    return y
  }

  /// Padding is one row again and again: it is computed once.
  private func multiply(
    _ block: ParameterBlock<Scalar>, _ map: AffineMap<Scalar>, _ rows: Int,
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ graph: Graph<Scalar>
  ) {
    let threads = graph.threads
    guard map.gainsByLeavingOutRows,
      selection.findDistinct(in: x, rows: rows, width: map.inputSize, threads: threads)
    else {
      return map.apply(block, rows: rows, x: x, into: y, threads: threads)
    }
    graph.withScratch(map.selectionScratchCount(threads: threads)) {
      map.apply(block, selection, x: x, into: y, scratch: $0, threads: threads)
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let block, let map, let dy = graph.gradient(outputs[0]) else { return }
    let (rows, threads) = (graph.shape(inputs[0]).rows, graph.threads)
    if rows == 0 { return }
    // What no loss counts has a gradient of zeros. The value is there where the weights are trained.
    let isSelected =
      map.gainsByLeavingOutRows
      && selection.findNonzero(
        in: dy, rows: rows, width: map.outputSize,
        of: place == nil ? nil : graph.values(inputs[0]), features: map.inputSize,
        threads: threads)
    var scratchCount = 0
    if isSelected {
      scratchCount = map.selectionScratchCount(threads: threads)
    } else if place != nil {
      scratchCount = map.scratchCount(rows: rows, threads: threads)
    }
    graph.withScratch(scratchCount) { scratch in
      graph.contribute(to: inputs[0]) { dx in
        if isSelected {
          map.applyTransposed(
            block, selection, dy: dy, into: dx, scratch: scratch, threads: threads)
        } else {
          map.applyTransposed(block, rows: rows, dy: dy, into: dx, threads: threads)
        }
      }
      guard let place else { return }
      graph.addToGradient(place) { gradients in
        let x = graph.values(inputs[0])
        if isSelected {
          map.accumulate(
            selection, dy: dy, x: x, into: gradients, scratch: scratch, threads: threads)
        } else {
          map.accumulate(
            rows: rows, dy: dy, x: x, into: gradients, scratch: scratch, threads: threads)
        }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { block = nil }
}
