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

  @Test func `some elements are those of all`() async throws {
    let values = (0..<20_000).map { Double($0) / 4 }
    for type in ElementType.allCases where type.isFloatingPoint {
      let tensor = Tensor("x", shape: [200, 100], values, as: type)
      let all: [Float] = try tensor.values()
      for range in [0..<0, 0..<1, 7..<20_000, 16_384..<16_390, 20_000..<20_000] {
        #expect(try tensor.values(in: range, as: Float.self) == Array(all[range]), "\(type)")
      }
    }
    let whole = Tensor("x", shape: [3], integers: [5, -6, 7], as: .int16)
    #expect(try whole.values(in: 1..<3, as: Double.self) == [-6, 7])
    await #expect(processExitsWith: .failure) {
      _ = try Tensor("x", shape: [3], [1.0, 2, 3]).values(in: 1..<4, as: Float.self)
    }
  }

  @Test func `converted is as if made of the numbers`() async throws {
    var values: [Double] = (0..<17_000).map { (k: Int) -> Double in 1 / Double(3 * k + 1) - 0.01 }
    values += [Double.nan, -Double.infinity, 1e300, -0.0]
    for from in ElementType.allCases where from.isFloatingPoint {
      let source = Tensor("x", shape: [2, 8502], values, as: from)
      let all: [Double] = try source.values()
      for to in ElementType.allCases where to.isFloatingPoint {
        let tensor = try source.converted(to: to)
        let expected = Tensor("x", shape: [2, 8502], all, as: to)
        #expect(tensor.description == expected.description)
        let found: [Double] = try tensor.values()
        let wanted: [Double] = try expected.values()
        let areSame = zip(found, wanted).allSatisfy { a, b in a.bitPattern == b.bitPattern }
        #expect(areSame, "\(from) to \(to)")
      }
    }
    await #expect(processExitsWith: .failure) {
      _ = try Tensor("x", shape: [1], integers: [1]).converted(to: .float32)
    }
  }

  @Test func `numbers that are none are counted`() throws {
    var values = [Double](repeating: 1, count: 40_000)
    (values[0], values[16_384], values[39_999]) = (.nan, .infinity, -.infinity)
    for type in ElementType.allCases where type.isFloatingPoint {
      let faults = try Tensor("x", shape: [40_000], values, as: type).faults()
      #expect(faults == Tensor.Faults(nans: 1, infinities: 2) && !faults.isEmpty, "\(type)")
      #expect(try Tensor("x", shape: [2], [-0.0, 1], as: type).faults().isEmpty)
    }
    #expect(try Tensor("x", shape: [1], integers: [.max]).faults().isEmpty)
    #expect(try Tensor("x", .float32, shape: [0, 3], bytes: []).faults().isEmpty)
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
