import Autodiff
import LinAlg
import Recurrent
import Testing

/// Models whose recurrent layers have packed weights.
@Suite struct PackedModelTests {
  static func scores(_ model: Tagger<Float>) -> [Float] {
    model.evaluate(on: Graph<Float>(threads: 1)) { model, graph in
      model(GraphTests.tokens, lengths: GraphTests.lengths, on: graph).value.elements
    }
  }

  @Test func `a packed model is the model with its layers' weights rounded`() throws {
    let model = Tagger<Float>()
    let exact = Self.scores(model)
    #expect(Self.scores(try model.inference(weights: .float32)) == exact)
    // Weights that half precision holds: both directions' are packed, and nothing else is.
    var halves = model
    for direction in 0..<2 {
      for tensor in 0..<2 {
        var block = halves.parameters[block: 1 + direction]
        var matrix = block[tensor: tensor]
        matrix.withUnsafeMutableBufferPointer { numbers in
          for i in numbers.indices { numbers[i] = (numbers[i] * 256).rounded() / 256 }
        }
        block[tensor: tensor] = matrix
        var parameters = halves.parameters
        parameters[block: 1 + direction] = block
        halves.parameters = parameters
      }
    }
    let rounded = Self.scores(halves)
    #expect(rounded != exact)
    #expect(Self.scores(try halves.inference(weights: .float16)) == rounded)
    let small = Self.scores(try model.inference(weights: .int8))
    #expect(small != exact)
    #expect(zip(small, exact).allSatisfy { abs($0 - $1) < 0.02 })
  }

  @Test func `a weight that a format cannot hold`() {
    var model = Tagger<Float>()
    var parameters = model.parameters
    var block = parameters[block: 2]
    var U = block[tensor: 1]
    U[7, 3] = 1e6
    block[tensor: 1] = U
    parameters[block: 2] = block
    model.parameters = parameters
    #expect {
      _ = try model.inference(weights: .float16)
    } throws: { error in
      let error = error as? WeightFormatError
      return error?.parameter == "U_f" && error?.row == 2 && error?.column == 3
        && error?.block == 1
    }
  }

  @Test func `a packed model is not trained`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model = try Tagger<Float>().inference(weights: .int8)
      _ = model.gradients(on: Graph<Float>()) { GraphTests.loss($0, $1) }
    }
    #expect(message(result).contains("these weights were packed for inference"))
  }
}
