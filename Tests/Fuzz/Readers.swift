// What libFuzzer calls with bytes of its own making; see Tools/fuzz-readers.sh. Not part of the package.
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The reader that is fed, by its name.
private let reader = getenv("FUZZED_READER").map { String(cString: $0) } ?? ""

/// Gives bytes to the reader that the environment names.
@_cdecl("LLVMFuzzerTestOneInput")
public func readAnything(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = UnsafeBufferPointer(start: data, count: count)
  switch reader {
  case "word-vectors": readWordVectors(bytes)
  case "safetensors": readTensorFile(bytes, as: .safetensors)
  case "npy": readTensorFile(bytes, as: .npy)
  case "npz": readTensorFile(bytes, as: .npz)
  case "pytorch": readTensorFile(bytes, as: .pytorch)
  case "onnx": readOnnxModel(bytes)
  default: preconditionFailure("no reader '\(reader)'")
  }
  return 0
}
