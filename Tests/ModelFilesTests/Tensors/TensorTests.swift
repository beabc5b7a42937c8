import Foundation
import LinAlg
import Testing

@testable import ModelFiles

@Suite struct TensorTests {
  @Test func `numbers come back in every type`() throws {
    let values = GoldenFiles.numbers(3, count: 6)
    for type in ElementType.allCases where type.isFloatingPoint {
      let tensor = Tensor("x", shape: [2, 3], values, as: type)
      try expect(tensor, type, [2, 3], values)
      let single = Tensor("x", shape: [2, 3], values.map { Float($0) }, as: type)
      #expect(try single.bytes() == tensor.bytes())
    }
    #expect(Tensor("x", shape: [1], [Float(1)]).elementType == .float32)
    #expect(Tensor("x", shape: [], [1.0]).elementType == .float64)
  }

  @Test func `whole numbers come back, and those that do not fit are named`() throws {
    let limits: [(ElementType, [Int])] = [
      (.int8, [-128, 127]), (.uint8, [0, 255]), (.int16, [-32768, 32767]), (.uint16, [0, 65535]),
      (.int32, [-1 << 31, (1 << 31) - 1]), (.uint32, [0, (1 << 32) - 1]), (.int64, [.min, .max]),
      (.uint64, [0, .max]), (.bool, [0, 1]),
    ]
    for (type, values) in limits {
      #expect(try Tensor("x", shape: [2], integers: values, as: type).integers() == values)
    }
    let large = Tensor("x", .uint64, shape: [1], bytes: [UInt8](repeating: 255, count: 8))
    let error = #expect(throws: ModelFileError.self) { try large.integers() }
    #expect(error?.description.contains("element 0 is 18446744073709551615") == true)
    #expect(throws: ModelFileError.self) { try Tensor("x", shape: [1], [1.5]).integers() }
  }

  @Test func `not a number and infinities keep their bits`() throws {
    let bits: [UInt32] = [0x7FC1_2345, 0xFF80_0000, 0x7F80_0000, 0x8000_0000, 1]
    let tensor = Tensor("x", shape: [5], bits.map { Float(bitPattern: $0) })
    #expect(try tensor.values(as: Float.self).map(\.bitPattern) == bits)
  }

  @Test func `a matrix is a matrix or a row`() throws {
    let row = try Tensor("x", shape: [3], [Float(1), 2, 3]).matrix(of: Float.self)
    #expect(row.rows == 1 && row.columns == 3)
    let one = try Tensor("x", shape: [], [Float(1)]).matrix(of: Double.self)
    #expect(one.rows == 1 && one[0, 0] == 1)
    #expect(throws: ModelFileError.self) {
      try Tensor("x", shape: [1, 1, 1], [Float(1)]).matrix(of: Float.self)
    }
  }

  @Test func `impossible shapes have no size`() {
    #expect(ElementType.float32.byteCount(ofShape: [2, 3]) == 24)
    #expect(ElementType.float32.byteCount(ofShape: []) == 4)
    #expect(ElementType.float32.byteCount(ofShape: [0, 5]) == 0)
    #expect(ElementType.float32.byteCount(ofShape: [-1]) == nil)
    #expect(ElementType.int8.byteCount(ofShape: [.max]) == .max)
    #expect(ElementType.int16.byteCount(ofShape: [.max]) == nil)
    #expect(ElementType.int8.byteCount(ofShape: [1 << 32, 1 << 32, 0]) == nil)
  }

  @Test func `a file that became shorter is an error and no crash`() throws {
    try inFolder { folder in
      let path = folder + "/a.safetensors"
      let values = (0..<50_000).map { Float($0) }
      try TensorFile([Tensor("x", shape: [50_000], values)]).write(to: path)
      let file = try TensorFile(contentsOf: path)
      let tensor = try #require(file["x"])
      #expect(try tensor.values(as: Float.self) == values)
      #expect(truncate(path, 100_000) == 0)
      for attempt: () throws -> Void in [
        { _ = try tensor.values(as: Float.self) }, { _ = try tensor.values(as: Double.self) },
        { _ = try tensor.bytes() }, { try tensor.withUnsafeBytes { _ in } },
        { try file.write(to: folder + "/b.safetensors") },
      ] {
        let error = #expect(throws: ModelFileError.self) { try attempt() }
        #expect(error?.reason.contains("shorter") == true, "\(error?.description ?? "")")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.safetensors"])
    }
  }

  @Test func `what is no file is named`() throws {
    try inFolder { folder in
      for path in [folder, folder + "/absent"] {
        let error = #expect(throws: ModelFileError.self) { try TensorFile(contentsOf: path) }
        #expect(error?.path == path)
      }
      try Data().write(to: URL(filePath: folder + "/empty"))
      let error = #expect(throws: ModelFileError.self) {
        try TensorFile(contentsOf: folder + "/empty")
      }
      #expect(error?.reason.hasPrefix("expected a safetensors, ") == true)
    }
  }
}
