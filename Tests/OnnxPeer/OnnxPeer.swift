import Foundation

/// Runs ONNX models as a contestant of `Tools/peers`: reads a JSON object a line from standard input, and
/// answers each with a line on standard output.
///
/// ```
/// {"request": "hello"}
/// {"request": "load", "model": "tagger.onnx", "inputs": {"tokens": "tokens.pb"}, "threads": 1}
/// {"request": "results", "path": "results.f32"}
/// {"request": "time", "warmUp": 2, "callsPerSample": 4, "samples": 10}
/// {"request": "unload"}
/// ```
/// Inputs are files of one serialised `TensorProto` each. Results are float32, one tensor after the other.
/// A program of its own and no command of Bench: who measures layers need not build swift-protobuf.
@main
struct OnnxPeer {
  static func main() throws {
    var session = OnnxPeerSession()
    let encoder = JSONEncoder()
    while let line = readLine() {
      let answer = try encoder.encode(session.answer(line: line))
      try FileHandle.standardOutput.write(contentsOf: answer + [UInt8(ascii: "\n")])
    }
  }
}
