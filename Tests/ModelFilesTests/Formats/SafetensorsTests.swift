import Foundation
import Testing

@testable import ModelFiles

@Suite struct SafetensorsTests {
  /// A file with this header and so many bytes of data.
  func file(_ header: String, data: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes += $0 }
    return bytes + header.utf8 + [UInt8](repeating: 7, count: data)
  }

  @Test func `every type of the reference's file`() throws {
    for file in [
      try TensorFile(contentsOf: GoldenFiles.path("types.safetensors")),
      try TensorFile(bytes: GoldenFiles.bytes("types.safetensors"), named: "types"),
    ] {
      for (k, type) in GoldenFiles.types.enumerated() {
        try expect(file[type.rawValue], type, [2, 3], GoldenFiles.values(k, type, count: 6))
      }
      try expect(file["scalar"], .float32, [], GoldenFiles.numbers(20, count: 1))
      try expect(file["empty"], .float32, [0, 4], [])
      #expect(file.tensors.count == 15)
      #expect(file.metadata == ["note": "a \"quoted\"\\\n\tgrüß \u{01} end"])
    }
    #expect(try TensorFile(contentsOf: GoldenFiles.path("empty.safetensors")).tensors.isEmpty)
  }

  @Test func `writes the reference's bytes`() throws {
    try inFolder { folder in
      for name in ["types.safetensors", "empty.safetensors"] {
        let path = "\(folder)/\(name)"
        try TensorFile(contentsOf: GoldenFiles.path(name)).write(to: path)
        let written = Array(try Data(contentsOf: URL(filePath: path)))
        #expect(try written == GoldenFiles.bytes(name))
      }
    }
  }

  @Test func `any order, spaces and escapes`() throws {
    let header = """
      { "b" : {"data_offsets":[2,4] , "shape":[2],"dtype":"U8"},
        "\\u0061\\ud83d\\ude00\\/": {"dtype":"U8","shape":[1,2],"data_offsets":[0,2]},
        "none": {"dtype":"F32","shape":[0],"data_offsets":[2,2]} }
      """
    let file = try TensorFile(
      bytes: file(header + "   ", data: 4), named: "f", format: .safetensors)
    #expect(file.tensors.map(\.name) == ["b", "a😀/", "none"])
  }

  @Test(arguments: [
    ("{}", 1, "byte 10: the tensors have 0 bytes, expected as many as follow the header: 1"),
    ("[]", 0, "byte 8: expected '{'"),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
      2, "expected one tensor 'a', found another"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      3, "tensor 'b': begins at byte 1 of the data, expected byte 2"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2,
      "tensor 'a': begins at byte 1 of the data, expected byte 0"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 2,
      "the tensors have 1 bytes, expected as many as follow"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
      "tensor 'a': has 4 bytes, expected 8 for F32 [2]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4,
      "tensor 'a': has the offsets [0, 8], expected a beginning and an end up to 4"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8,
      "tensor 'a': has the offsets [8, 0]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
      "tensor 'a': has the impossible shape"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, 4,
      "expected a whole number that fits 63 bits"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
      "expected a whole number that fits 63 bits"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4,
      "expected a whole number that fits 63 bits"
    ),
    (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4, "expected ']'"),
    (
      #"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, 1,
      "tensor 'a': has the type 'F8_E4M3', expected one of F64 F32"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1]}}"#, 4,
      "tensor 'a': expected 'dtype', 'shape' and 'data_offsets'"
    ),
    (
      #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4,
      "once each, found 'dtype'"
    ),
    (#"{"a":{"x":[[[[]]]]}}"#, 0, "once each, found 'x'"),
    (#"{"__metadata__":{"a":"1","a":"2"}}"#, 0, "expected 'a' once"),
    (#"{"__metadata__":{"a":1}}"#, 0, "expected a text in quotes"),
    (#"{"__metadata__":{}} x"#, 0, "expected the end of the header"),
    (#"{"\ud83d":{}}"#, 0, "expected two surrogates, found one"),
    (#"{"\ud83d\u0041":{}}"#, 0, "expected two surrogates"),
    (#"{"\u00+1":{}}"#, 0, "expected four hexadecimal digits"),
    (#"{"\x":{}}"#, 0, "found an unknown escape"),
    ("{\"a\nb\":{}}", 0, "found a control character in a name"),
    (#"{"a"#, 0, "expected the rest of a name of 1 bytes, found 0"),
  ])
  func `what is wrong is named`(_ header: String, _ data: Int, _ reason: String) {
    let found = refusal(of: file(header, data: data), .safetensors)
    #expect(found.hasPrefix("f: ") && found.contains(reason), "\(found)")
  }

  @Test func `lengths of the header that cannot be`() {
    for length: UInt64 in [3, 1 << 40, .max, UInt64(Int.max)] {
      var bytes: [UInt8] = []
      withUnsafeBytes(of: length.littleEndian) { bytes += $0 }
      let found = refusal(of: bytes + "{}".utf8, .safetensors)
      #expect(found.contains("byte 0: "), "\(found)")
    }
    #expect(
      refusal(of: [1, 0, 0], .safetensors).contains("expected the header's length of 8 bytes"))
    #expect(refusal(of: file("{\"\u{FF}").map { $0 == 0xC3 ? 0xFF : $0 } + [], .safetensors) != "")
  }

  @Test func `damaged files are read or refused`() throws {
    try damage(GoldenFiles.bytes("types.safetensors"), seed: 20_261_122, rounds: 3000)
  }

  @Test func `a tensor may not have the metadata's name`() throws {
    try inFolder { folder in
      let file = TensorFile([Tensor("__metadata__", shape: [1], [Float(1)])])
      #expect(throws: ModelFileError.self) { try file.write(to: folder + "/a.safetensors") }
      #expect(throws: ModelFileError.self) { try file.write(to: folder + "/a.unknown") }
      #expect(throws: ModelFileError.self) { try file.write(to: folder + "/a.pt") }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names.isEmpty)
    }
  }
}
