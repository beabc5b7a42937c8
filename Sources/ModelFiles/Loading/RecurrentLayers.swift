import LinAlg
import Recurrent

/// A layer of cells that other libraries have: one, both directions of one, or a stack of them.
public protocol CellConvertible<Scalar>: WeightConvertible, SequenceLayer {
  /// The cells of the layer.
  ///
  /// - Throws: what no other library has.
  func cellForms() throws(WeightsError) -> CellForms
}

/// What the cells of a layer are, for ``WeightLayout`` alone.
public struct CellForms: Sendable {
  var cells: LayerCells
}

extension CellConvertible {
  /// What the layer's tensors are in a layout.
  ///
  /// - Throws: what the layout cannot express, with the reason.
  public func weightForms(in layout: WeightLayout) throws(WeightsError) -> WeightForms {
    try WeightForms(cellForms().cells, in: layout)
  }
}

extension LSTM: CellConvertible {
  /// The one cell.
  public func cellForms() -> CellForms { CellForms(cells: LayerCells(layers: [[CellPlace(self)]])) }
}

extension GRU: CellConvertible {
  /// The one cell.
  public func cellForms() -> CellForms { CellForms(cells: LayerCells(layers: [[CellPlace(self)]])) }
}

extension SimpleRNN: CellConvertible {
  /// The one cell.
  public func cellForms() -> CellForms { CellForms(cells: LayerCells(layers: [[CellPlace(self)]])) }
}

extension Bidirectional: WeightConvertible where Layer: CellConvertible {}
extension Bidirectional: CellConvertible where Layer: CellConvertible {
  /// The cells of both directions.
  ///
  /// - Throws: where a direction is itself made of several cells.
  public func cellForms() throws(WeightsError) -> CellForms {
    let (forward, backward) = (try forwardLayer.cellForms(), try backwardLayer.cellForms())
    guard let one = forward.cells.layers.first?.first,
      var other = backward.cells.layers.first?.first,
      forward.cells.layers.count == 1, !forward.cells.isBidirectional, !forward.cells.isStacked
    else {
      throw WeightsError(
        reason: "layouts have stacks of both directions, expected no directions of stacks")
    }
    other.block = parameters.forward.blockCount
    return CellForms(cells: LayerCells(layers: [[one, other]]))
  }
}

extension Stacked: WeightConvertible where Layer: CellConvertible {}
extension Stacked: CellConvertible where Layer: CellConvertible {
  /// The cells of all layers.
  ///
  /// - Throws: where layers share their weights, or are stacks themselves.
  public func cellForms() throws(WeightsError) -> CellForms {
    guard !isTied else {
      throw WeightsError(reason: "layouts have no layers that share their weights")
    }
    var result = LayerCells(layers: [], isStacked: true)
    var block = 0
    for layer in layers {
      let cells = try layer.cellForms().cells
      guard cells.layers.count == 1, !cells.isStacked else {
        throw WeightsError(reason: "layouts have no stacks of stacks")
      }
      result.layers.append(
        cells.layers[0].map {
          var cell = $0
          cell.block += block
          return cell
        })
      block += layer.parameters.blockCount
    }
    return CellForms(cells: result)
  }
}
