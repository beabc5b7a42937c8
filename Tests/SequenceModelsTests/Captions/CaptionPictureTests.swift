import Autodiff
import Foundation
import SequenceModels
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct CaptionPictureTests {
  @Test func `regions lie where the window goes`() {
    let grid = RegionGrid(height: 7, width: 9, window: PatchWindow(side: 3, stride: 2))
    #expect(grid.rows == 3 && grid.columns == 4 && grid.count == 12)
    let place = grid.pixels(ofRegion: 6)
    #expect(place.rows == 2..<5 && place.columns == 4..<7)
    let weights = (0..<12).map { Double($0 * $0) / 506 }
    let pixels = grid.spread(weights)
    #expect(abs(pixels.reduce(0, +) - 1) < 1e-14)
    // Pixel (2, 4) lies in regions (0, 1), (0, 2), (1, 1) and (1, 2).
    let expected = [1, 2, 5, 6].reduce(0) { $0 + weights[$1] / 9 }
    #expect(abs(pixels[2 * 9 + 4] - expected) < 1e-15)
    // The last column belongs to the last regions alone.
    #expect(abs(pixels[8] - weights[3] / 9) < 1e-15)
  }

  private let grid = RegionGrid(height: 2, width: 4, window: PatchWindow(side: 2))
  private let picture = PixelBatch([[0, 1, 2, 0, 2, 2, 1, 1]], height: 2, width: 4)

  @Test func `what a word looked at is bright`() {
    let alignment = Alignment(weights: [[1, 0], [0.25, 0.75]])
    let lit = alignment.pictures(over: picture, levels: 3, grid: grid)
    #expect(lit.count == 2 && lit.channels == 3)
    // Pixel 1 of value 1/2, looked at with all of the first word and with a third of the second's largest.
    func light(_ value: Double, _ s: Double, _ tint: Double) -> Token {
      Token(min(255, 255 * value * (0.35 + 0.65 * s) + 0.25 * s * tint).rounded())
    }
    for (word, s) in [(0, 1.0), (1, 0.25 / 0.75)] {
      for (c, tint) in [255.0, 140, 0].enumerated() {
        #expect(lit.values[c * 8 + 1, word] == light(0.5, s, tint))
      }
    }
    #expect(lit.values[8 + 2, 0] == light(1, 0, 140) && lit.values[8 + 2, 1] == light(1, 1, 140))
    // Frames of a video share one scale.
    let video = PixelBatch([picture.picture(0), picture.picture(0)], height: 2, width: 4)
    let frames = Alignment(weights: [[0.1, 0.1, 0, 0.8]])
      .pictures(over: video, levels: 3, grid: grid)
    #expect(frames.count == 2)
    #expect(
      frames.values[4, 0] == light(1, 0.125, 255) && frames.values[6, 1] == light(0.5, 1, 255))
  }

  @Test func `the drawing has a picture for each word`() throws {
    let alignment = Alignment(weights: [[1, 0], [0.25, 0.75]])
    let svg = alignment.drawing(
      title: "A & b", over: picture, levels: 3, grid: grid, words: ["dot", "<end>"])
    let document = try XMLDocument(xmlString: svg)
    #expect(try document.nodes(forXPath: "//*[local-name()='g']").count == 2)
    let texts = try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
    #expect(texts == ["A & b", "dot", "<end>"])
    // The pixels of all paths are those of the pictures.
    let area = try runs(svg).reduce(0) { $0 + $1.length }
    #expect(area == 16)
    // Where all is of one colour, a run still ends with its row.
    let plain = Alignment(weights: [[0.5, 0.5]]).drawing(
      over: PixelBatch([[Token](repeating: 1, count: 8)], height: 2, width: 4), levels: 3,
      grid: grid, words: ["plain"])
    #expect(try runs(plain).map(\.length) == [4, 4])
  }

  /// The runs of pixels of all pictures of a drawing.
  private func runs(_ svg: String) throws -> [(column: Int, length: Int)] {
    try XMLDocument(xmlString: svg).nodes(forXPath: "//*[local-name()='path']/@d").flatMap { d in
      (d.stringValue ?? "").split(separator: "z").map { run in
        let parts = run.dropFirst().split { " hv".contains($0) }
        return (Int(parts[0]) ?? -1, Int(parts[2]) ?? -1)
      }
    }
  }

  @Test func `an alignment of something else traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let grid = RegionGrid(height: 2, width: 4, window: PatchWindow(side: 2))
      let picture = PixelBatch([[0, 1, 2, 0, 2, 2, 1, 1]], height: 2, width: 4)
      _ = Alignment(weights: [[1, 0, 0]]).pictures(over: picture, levels: 3, grid: grid)
    }
    #expect(message(result).contains("1 words with 3 places for 1 pictures of 2 regions"))
  }
}
