import Foundation
import ModelFiles
import Testing

@testable import RecurrentTool

@Suite struct CompareTests {
  private func difference(
    _ a: Tensor, _ b: Tensor, _ absolute: Double = 0, relative: Double = 0
  ) throws -> ArrayDifference {
    try ArrayDifference(a, b, Tolerance(absolute: absolute, relative: relative))
  }

  private func floats(_ values: Float...) -> Tensor { Tensor("t", shape: [values.count], values) }

  @Test func whereAndHowMuch() throws {
    let found = try difference(floats(1, 2, 3, 4), floats(1, 2.5, 2, 4))
    #expect(found.differing == 2 && found.largest == 1 && found.place == 2)
    #expect(found.values == (3, 2))
    let tolerated = try difference(floats(1, 2, 3, 4), floats(1, 2.5, 2, 4), 0.5)
    #expect(tolerated.differing == 1 && tolerated.largest == 1)
    #expect(try difference(floats(1, 2), floats(1, 2.5), 0, relative: 0.2).differing == 0)
    #expect(try difference(floats(1, 2), floats(1, 2.5), 0, relative: 0.19).differing == 1)
  }

  @Test func numbersThatAreNone() throws {
    #expect(try difference(floats(.nan, .infinity, 0), floats(.nan, .infinity, -0.0)).place == nil)
    for (x, y) in [
      (Float.nan, Float(1)), (1, .nan), (.infinity, 1), (1, .infinity), (.infinity, -.infinity),
      (.nan, .infinity),
    ] {
      let found = try difference(floats(0, x), floats(0, y), 1e30, relative: 1e30)
      #expect(found.differing == 1 && found.place == 1 && found.largest == .infinity)
    }
  }

  @Test func wholeNumbersAreComparedAsSuch() throws {
    let big = 1 << 53
    let (a, b) = (
      Tensor("a", shape: [2], integers: [big, .max]),
      Tensor("b", shape: [2], integers: [big + 1, .min])
    )
    let found = try difference(a, b)
    #expect(found.differing == 2 && found.place == 1 && found.largest > 1.8e19)
    #expect(try difference(a, a).place == nil)
    let bytes = Tensor("u", .uint64, shape: [1], bytes: Array(repeating: 255, count: 8))
    #expect(try difference(bytes, bytes).place == nil)
    let other = Tensor("u", shape: [1], integers: [3], as: .uint64)
    #expect(throws: ModelFileError.self) { try difference(bytes, other) }
    #expect(try difference(other, floats(3)).place == nil)
  }

  @Test func moreThanAPiece() throws {
    var values = (0..<50_000).map { Float($0) }
    let a = Tensor("t", shape: [500, 100], values)
    values[40_123] += 1
    let found = try difference(a, Tensor("t", shape: [500, 100], values))
    #expect(found.place == 40_123 && found.differing == 1)
    #expect(FileComparison.index(40_123, [500, 100]) == "[401, 23]")
    #expect(FileComparison.index(0, []) == "[]")
  }

  @Test func numbersAsTheirTypesTellThem() {
    #expect(FileComparison.number(Double(Float(0.1)), "F32") == "0.1")
    #expect(FileComparison.number(0.1, "F64") == "0.1")
    #expect(FileComparison.number(-3, "I64") == "-3" && FileComparison.number(1, "BOOL") == "1")
    #expect(FileComparison.number(9.223372036854775807e18, "I64") == "9.223372036854776e+18")
    #expect(FileComparison.number(.nan, "F16") == "nan")
  }

  @Test func foldersByFileName() throws {
    let folder = try TemporaryFolder()
    for part in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: folder.path(part), withIntermediateDirectories: true)
      _ = try folder.write(floats(1, 2), to: "\(part)/same.npy")
      _ = try folder.write("x".utf8, to: "\(part)/notes.txt")
    }
    let paths = (folder.path("a"), folder.path("b"))
    func compare(_ tolerance: Double = 0) throws -> FileComparison {
      try FileComparison(
        paths.0, paths.1, Tolerance(absolute: tolerance), Progress(isShown: false))
    }
    #expect(try !compare().differs)
    _ = try folder.write(floats(1), to: "a/x.npy")
    _ = try folder.write(floats(1.5), to: "b/x.npy")
    #expect(try compare().differs && compare().rows.map(\.name) == ["x.npy"])
    let near = try compare(0.5)
    #expect(!near.differs && near.lines.last == "2 arrays: 1 the same, 1 within the tolerance")
    _ = try folder.write(floats(1), to: "a/y.npy")
    _ = try folder.write(floats(1, 2), to: "b/y.npy")
    _ = try folder.write(floats(1), to: "b/z.npy")
    let all = try compare(0.5)
    #expect(
      all.differs && all.misshaped.count == 1 && all.unpaired == ["z.npy: only in \(paths.1)"])
    #expect(
      all.lines.last
        == "4 arrays: 1 the same, 1 within the tolerance, 1 of other shapes, 1 on one side alone")
    #expect(try Program.run(["compare", paths.0, paths.1]).status == 1)
    let empty = folder.path("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    #expect(try Program.run(["compare", empty, empty]).status == 65)
  }

  @Test func filesOfSeveralFormatsByTensorName() throws {
    let folder = try TemporaryFolder()
    let (a, b) = (Tensor("a", shape: [1], [1.0]), Tensor("b", shape: [2], [2.0, 3]))
    let one = try folder.write(a, b, to: "one.npz")
    let other = try folder.write(
      Tensor("b", shape: [2], [2, 3] as [Float]), a, to: "other.safetensors")
    #expect(try Program.run(["compare", one, other]).status == 0)
    let third = try folder.write(a, to: "third.npz")
    let outcome = try Program.run(["compare", one, third])
    #expect(outcome.status == 1 && outcome.output.contains("b: only in \(one)"))
  }
}
