import Foundation
import Testing

@testable import ModelFiles

@Suite struct PyTorchTests {
  /// A file of torch.save with this pickle, and a storage `0` of so many bytes.
  func file(_ pickle: [UInt8], storage: Int = 8) throws -> [UInt8] {
    var result: [UInt8] = []
    try inFolder { folder in
      let path = folder + "/a.pt"
      try writeWhole(path) { (file) throws(ModelFileError) in
        var zip = ZipWriter()
        let none = Tensor("", .uint8, shape: [0], bytes: [])
        try zip.add("m/data.pkl", stored: pickle, none, to: file)
        try zip.add("m/data/0", stored: [UInt8](repeating: 0, count: storage), none, to: file)
        try zip.finish(file)
      }
      result = Array(try Data(contentsOf: URL(filePath: path)))
    }
    return result
  }

  func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + text.utf8 }
  func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + "\(module)\n\(name)\n".utf8
  }

  /// A tensor in storage `0` of `count` floats.
  func tensor(
    count: UInt8 = 2, first: UInt8 = 0, shape: [UInt8], strides: [UInt8], key: String = "0"
  ) -> [UInt8] {
    func tuple(_ numbers: [UInt8]) -> [UInt8] { [0x28] + numbers.flatMap { [0x4B, $0] } + [0x74] }
    return global("torch._utils", "_rebuild_tensor_v2") + [0x28, 0x28] + text("storage")
      + global("torch", "FloatStorage") + text(key) + text("cpu") + [0x4B, count, 0x74, 0x51]
      + [0x4B, first] + tuple(shape) + tuple(strides) + [0x89]
      + global("collections", "OrderedDict")
      + [0x29, 0x52, 0x74, 0x52]
  }

  @Test func `a module's state dictionary`() throws {
    let file = try TensorFile(contentsOf: GoldenFiles.path("state.pt"))
    for (k, (name, shape)) in [
      ("encoder.weight_ih_l0", [8, 3]), ("encoder.weight_hh_l0", [8, 2]),
      ("encoder.bias_ih_l0", [8]), ("encoder.bias_hh_l0", [8]), ("norm.weight", [3]),
      ("norm.bias", [3]),
    ].enumerated() {
      let values = GoldenFiles.numbers(k, count: shape.reduce(1, *))
      try expect(file[name], .float32, shape, values)
    }
    try expect(file["norm.running_var"], .float32, [3], [1, 1, 1])
    try expect(file["norm.num_batches_tracked"], .int64, [], [0])
    let base = GoldenFiles.numbers(30, count: 24)
    try expect(file["tied.a"], .float64, [4, 6], base)
    try expect(file["tied.b"], .float64, [4, 6], base)
    let transposed = GoldenFiles.numbers(31, count: 12)
    try expect(
      file["transposed"], .float32, [4, 3], (0..<12).map { transposed[$0 % 3 * 4 + $0 / 3] })
    try expect(file["part"], .float64, [2, 3], [8, 9, 10, 14, 15, 16].map { base[$0] })
    let row = GoldenFiles.numbers(32, count: 3)
    try expect(file["expanded"], .float32, [2, 3], row + row)
    try expect(file["parameter"], .bfloat16, [2, 2], GoldenFiles.numbers(33, count: 4))
    try expect(file["empty"], .float32, [0, 3], [])
    for (k, type) in GoldenFiles.types.enumerated() {
      guard let tensor = file["types." + type.rawValue] else { continue }
      try expect(tensor, type, [2, 3], GoldenFiles.values(k, type, count: 6))
    }
    #expect(file.tensors.count == 6 + 3 + 7 + 10)
  }

  @Test func `a whole training run`() throws {
    let file = try TensorFile(contentsOf: GoldenFiles.path("checkpoint.pt"))
    #expect(
      Set(file.tensors.map(\.name)) == [
        "model.w", "optimizer.state.0.step", "optimizer.state.0.exp_avg",
        "optimizer.state.0.exp_avg_sq",
      ])
    let expected = [
      "epoch": "3", "loss": "0.5", "name": "grüß", "done": "false", "big": "1099511627776",
      "negative": "-5", "history.0": "1", "history.2": "70000", "history.3.0": "2.5",
      "history.3.1": "none", "optimizer.param_groups.0.lr": "0.125",
    ]
    for (name, text) in expected { #expect(file.metadata[name] == text) }
    try expect(
      try TensorFile(contentsOf: GoldenFiles.path("one.pt"))["tensor"], .float32, [2, 3],
      GoldenFiles.numbers(7, count: 6))
  }

  @Test func `a function is refused by its name`() throws {
    let found = refusal(of: try GoldenFiles.bytes("function.pt"))
    #expect(found.contains("the pickle names 'posix.system', which is refused"), "\(found)")
    let legacy = refusal(of: try GoldenFiles.bytes("legacy.pt"))
    #expect(legacy.contains("from before PyTorch 1.6"), "\(legacy)")
  }

  @Test func `tensors that reach outside are refused`() throws {
    func read(_ tensor: [UInt8], storage: Int = 8) throws -> String {
      let bytes = try file([0x80, 2] + tensor + [0x2E], storage: storage)
      do throws(ModelFileError) {
        return "\(try TensorFile(bytes: bytes, named: "f").tensors)"
      } catch {
        return error.description
      }
    }
    #expect(try read(tensor(shape: [2], strides: [1])) == "[tensor F32 [2]]")
    #expect(try read(tensor(first: 2, shape: [0], strides: [1])) == "[tensor F32 [0]]")
    #expect(try read(tensor(shape: [3], strides: [1])).contains("reaches outside its storage of 2"))
    #expect(try read(tensor(first: 1, shape: [2], strides: [1])).contains("outside"))
    #expect(try read(tensor(first: 3, shape: [0], strides: [1])).contains("outside"))
    #expect(try read(tensor(shape: [2], strides: [2])).contains("outside"))
    #expect(try read(tensor(shape: [2], strides: [1]), storage: 7).contains("which has 7 bytes"))
    #expect(
      try read(tensor(shape: [2], strides: [1], key: "1")).contains("'m/data/1', which is missing"))
    // 255 to the fifth floats in one place: declared in two hundred bytes.
    let bomb = tensor(shape: [255, 255, 255, 255, 255], strides: [0, 0, 0, 0, 0])
    #expect(
      try read(bomb).contains("needs 4312815637500 bytes unpacked, expected at most 4294967296"))
    let huge = tensor(
      shape: [255, 255, 255, 255, 255, 255, 255, 255], strides: [0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try read(huge).contains("impossible shape"))
  }

  @Test func `pickles that are none, nest or multiply are refused`() throws {
    func read(_ pickle: [UInt8]) throws -> String { refusal(of: try file([0x80, 2] + pickle)) }
    #expect(try read([0x2E]).contains("expected a value on the stack"))
    #expect(try read([0x4E]).contains("expected the end of the pickle of 1 bytes, found 0"))
    #expect(try read([0x4E, 0x2E, 0x2E]).contains("expected the end of the pickle"))
    #expect(try read([0x74, 0x2E]).contains("expected a mark"))
    #expect(try read([0x28, 0x30, 0x2E]).contains("expected a value on the stack"))
    #expect(try read([0x68, 5, 0x2E]).contains("kept at place 5"))
    #expect(try read([0x69, 0x2E]).contains("instruction 0x69 is refused"))
    #expect(
      try read(global("builtins", "eval") + [0x2E]).contains("'builtins.eval', which is refused"))
    let system: [UInt8] = [
      [0x8C, 2], Array("os".utf8), [0x8C, 6], Array("system".utf8), [0x93, 0x2E],
    ]
    .flatMap { $0 }
    #expect(try read(system).contains("'os.system'"))
    // A list in a list in a list …
    var deep = [UInt8](repeating: 0x5D, count: 100_000)
    deep += [UInt8](repeating: 0x61, count: 99_999)
    #expect(try read(deep + [0x2E]).contains("nested deeper than 100"))
    var tuples: [UInt8] = [0x4E]
    tuples += [UInt8](repeating: 0x85, count: 1_000_000)
    tuples.append(0x2E)
    #expect(try read(tuples).contains("nested deeper than 100"))
    // A list that holds itself, and lists of two that hold the one before them: 2⁹⁰ values.
    #expect(try read([0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E]).contains("f: "))
    var wide: [UInt8] = [0x29]
    for k in UInt8(0)..<90 { wide += [0x71, k, 0x68, k, 0x86] }
    #expect(try read(wide + [0x2E]).contains("again and again"))
    // Two values of one name.
    let pair: [UInt8] = text("a") + [0x4E, 0x73]
    let twice: [UInt8] = [0x7D] + pair + pair + [0x2E]
    #expect(try read(twice).contains("expected one value of that name"))
    #expect(try read([0x7D, 0x4E, 0x4E, 0x73, 0x2E]).contains("neither a text nor a whole number"))
    #expect(
      try read(global("torch", "FloatStorage") + [0x2E]).contains(
        "expected a tensor, a number or a text"))
  }

  @Test(arguments: ["state.pt", "checkpoint.pt", "one.pt"])
  func `damaged files are read or refused`(_ name: String) throws {
    try damage(GoldenFiles.bytes(name), seed: 20_261_122, rounds: 1500)
  }
}
