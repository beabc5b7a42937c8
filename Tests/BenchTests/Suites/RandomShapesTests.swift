import Testing

@testable import Bench

/// Shapes that are drawn: the same for a seed, inside their limits, and all over them.
struct RandomShapesTests {
  @Test(arguments: [1, 2, 7, .max] as [UInt64])
  func aSeedGivesTheSameShapesAndALongerListBeginsWithAShorterOne(_ seed: UInt64) {
    let shapes = RandomShapes.draw(seed: seed, count: 30)
    #expect(shapes == RandomShapes.draw(seed: seed, count: 30))
    #expect(Array(shapes.prefix(11)) == RandomShapes.draw(seed: seed, count: 11))
    #expect(shapes != RandomShapes.draw(seed: seed &+ 1, count: 30))
    #expect(Set(shapes).count == 30)
  }

  /// They are quoted by their seed: were they others in a new version, nobody could repeat a measurement.
  @Test func aSeedsShapesStayWhatTheyAre() {
    #expect(
      RandomShapes.draw(seed: 1, count: 4).map(\.description) == [
        "T43xN114xD333xH67",
        "T103xN1xD90xH202",
        "T16xN5xD200xH450",
        "T87xN5xD470xH154",
      ])
  }

  @Test func shapesLieInsideTheirLimits() {
    for shape in RandomShapes.draw(seed: 3, count: 500) {
      #expect(RandomShapes.steps.contains(shape.T), "\(shape)")
      #expect(RandomShapes.batches.contains(shape.N), "\(shape)")
      for width in [shape.D, shape.H] {
        #expect(RandomShapes.widths.contains(width) && width % 16 != 0, "\(shape)")
      }
      #expect(shape.D != shape.H, "\(shape)")
      #expect(BenchCase.flops(.lstm, .inference, shape) <= 5e9, "\(shape)")
    }
  }

  /// As many steps below their geometric mean as above, but for the draws that are too large.
  @Test func sizesAreUniformInTheirLogarithm() {
    let shapes = RandomShapes.draw(seed: 4, count: 2000)
    // √(5·201) steps, √256 sequences.
    let short = shapes.count { $0.T < 32 }, small = shapes.count { $0.N < 16 }
    // Seven standard deviations, and what throwing large draws away moves.
    #expect((900...1350).contains(short), "\(short)")
    #expect((900...1350).contains(small), "\(small)")
    #expect(shapes.contains { $0.N == 1 } && shapes.contains { $0.N > 200 })
    #expect(shapes.contains { $0.H < 12 } && shapes.contains { $0.H > 800 })
  }

  @Test func theSuiteHasEveryModeOfBothCells() throws {
    let suite = Suite.random(seed: 5, count: 3)
    #expect(suite.name == "random, seed 5")
    #expect(suite.cases.count == 3 * 2 * 3)
    #expect(Set(suite.cases.map(\.shape)).count == 3)
    let read = try ShapeFile.parse(ShapeFile.text(suite.cases), path: "a.shapes")
    #expect(read == suite.cases)
  }
}
