import Foundation
import Testing

@testable import ModelFiles

@Suite struct NumPyTests {
  /// A file with this header.
  func file(_ header: String, version: [UInt8] = [1, 0], data: [UInt8] = []) -> [UInt8] {
    let count = header.utf8.count
    return [0x93] + "NUMPY".utf8 + version + [UInt8(count & 255), UInt8(count >> 8)]
      + (version[0] > 1 ? [0, 0] : []) + header.utf8 + data
  }

  @Test func `arrays of every version and order`() throws {
    func array(_ name: String) throws -> Tensor? {
      try TensorFile(contentsOf: GoldenFiles.path(name))["array"]
    }
    let matrix = GoldenFiles.numbers(40, count: 12)
    try expect(array("c.npy"), .float32, [3, 4], matrix)
    try expect(array("fortran.npy"), .float64, [3, 4], matrix)
    try expect(
      array("fortran-3.npy"), .int16, [2, 3, 4], GoldenFiles.values(41, .int16, count: 24))
    try expect(array("version-2.npy"), .float16, [3, 4], matrix)
    try expect(array("version-3.npy"), .int32, [3, 4], matrix.map { $0.rounded(.towardZero) })
    try expect(array("big-endian.npy"), .float64, [3, 4], matrix)
    try expect(array("scalar.npy"), .float32, [], [-1.5])
    try expect(array("row.npy"), .int64, [5], GoldenFiles.values(42, .int64, count: 5))
  }

  @Test func `archives, stored, deflated and with wide fields`() throws {
    for name in ["stored.npz", "deflated.npz"] {
      let file = try TensorFile(contentsOf: GoldenFiles.path(name))
      #expect(file.tensors.count == 14)
      for (k, type) in GoldenFiles.types.enumerated() where type != .bfloat16 {
        try expect(file[type.rawValue], type, [2, 3], GoldenFiles.values(k, type, count: 6))
      }
      try expect(file["scalar"], .float32, [], GoldenFiles.numbers(20, count: 1))
      try expect(file["empty"], .float32, [0, 4], [])
    }
    let wide = try TensorFile(contentsOf: GoldenFiles.path("zip64.npz"))
    #expect(wide.tensors.map(\.name) == ["F32", "I16"])
    try expect(wide["I16"], .int16, [2, 3], GoldenFiles.values(6, .int16, count: 6))
  }

  @Test func `writes NumPy's bytes`() throws {
    try inFolder { folder in
      for name in ["c.npy", "scalar.npy", "row.npy"] {
        try TensorFile(contentsOf: GoldenFiles.path(name)).write(to: "\(folder)/\(name)")
        let written = Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        #expect(try written == GoldenFiles.bytes(name))
      }
    }
  }

  @Test(arguments: [false, true]) func `archives come back`(_ deflated: Bool) throws {
    try inFolder { folder in
      let path = folder + "/a.npz"
      let source = try TensorFile(contentsOf: GoldenFiles.path("deflated.npz"))
      try source.writeNumPyArchive(to: path, deflated: deflated)
      let copy = try TensorFile(contentsOf: path)
      #expect(copy.tensors.map(\.description) == source.tensors.map(\.description))
      for (a, b) in zip(copy.tensors, source.tensors) { #expect(try a.bytes() == b.bytes()) }
      try TensorFile().writeNumPyArchive(to: path, deflated: deflated)
      #expect(try TensorFile(contentsOf: path).tensors.isEmpty)
    }
  }

  @Test func `what NumPy lacks is refused`() throws {
    try inFolder { folder in
      let bfloat = TensorFile([Tensor("x", shape: [1], [Float(1)], as: .bfloat16)])
      let two = TensorFile([
        Tensor("x", shape: [1], [Float(1)]), Tensor("y", shape: [1], [Float(1)]),
      ])
      let texts = TensorFile([Tensor("x", shape: [1], [Float(1)])], metadata: ["a": "b"])
      let long = TensorFile([Tensor(String(repeating: "n", count: 70_000), shape: [1], [Float(1)])])
      for (file, ending) in [
        (bfloat, "npy"), (bfloat, "npz"), (two, "npy"), (texts, "npz"), (long, "npz"),
      ] {
        #expect(throws: ModelFileError.self) { try file.write(to: "\(folder)/a.\(ending)") }
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names.isEmpty)
    }
  }

  @Test(arguments: [
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4,
      "expected 8 bytes behind the header"
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 5,
      "expected 4 bytes behind the header"
    ),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, "has elements of type '|O'"),
    ("{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", 4, "has elements of type '|f4'"),
    ("{'descr': '<U8', 'fortran_order': False, 'shape': (1,), }", 32, "has elements of type '<U8'"),
    (
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4,
      "expected a text in quotes"
    ),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", 4, "expected True or False"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", 4, "a tuple of one is (1,)"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4,
      "expected a whole number that fits 63 bits"
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 0,
      "is impossible"
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0,
      "fits 63 bits"
    ),
    ("{'descr': '<f4', 'fortran_order': False, }", 4, "found not all of them"),
    (
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4,
      "once each, found 'descr'"
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4,
      "expected the end of the header"
    ),
    ("{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (1,)}", 4, "without escapes"),
    ("{'descr': '<f4", 4, "the text does not end"),
  ])
  func `what is wrong is named`(_ header: String, _ data: Int, _ reason: String) {
    for version: UInt8 in 1...3 {
      let found = refusal(
        of: file(header, version: [version, 0], data: [UInt8](repeating: 0, count: data)))
      #expect(found.hasPrefix("f: ") && found.contains(reason), "\(found)")
    }
  }

  @Test func `versions and lengths that cannot be`() {
    #expect(refusal(of: file("{}", version: [4, 0])).contains("byte 6: is of version 4.0"))
    #expect(refusal(of: Array(file("{}", version: [2, 0])[..<10])).contains("the header's length"))
    var long = file("{}", version: [2, 0])
    long[11] = 255
    #expect(refusal(of: long).contains("the header has 4278190082 bytes"))
  }

  @Test func `a large array in another order is held against the limit`() {
    let bytes = file(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (10, 10)}",
      data: [UInt8](repeating: 0, count: 400))
    #expect(
      refusal(of: bytes, limits: ReadingLimits(unpackedBytes: 399)).contains(
        "needs 400 bytes unpacked"))
    #expect(throws: Never.self) {
      try TensorFile(bytes: bytes, named: "f", limits: ReadingLimits(unpackedBytes: 400))
    }
  }

  @Test(arguments: [
    "c.npy", "fortran-3.npy", "version-2.npy", "stored.npz", "deflated.npz", "zip64.npz",
  ])
  func `damaged files are read or refused`(_ name: String) throws {
    try damage(GoldenFiles.bytes(name), seed: 20_261_122, rounds: 1500)
  }
}
