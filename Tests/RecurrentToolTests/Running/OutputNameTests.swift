import Testing

@testable import RecurrentTool

@Suite struct OutputNameTests {
  @Test(arguments: [
    ("scores", "scores.npy"), ("/lstm/Slice_0", "%2Flstm%2FSlice_0.npy"), ("..", "%2E..npy"),
    ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.npy"), ("", "%.npy"), (".x", "%2Ex.npy"),
    ("onnx::Add_3", "onnx%3A%3AAdd_3.npy"), ("a.b-c", "a.b-c.npy"), ("%2F", "%252F.npy"),
    ("\u{0}\n", "%00%0A.npy"), ("ü", "%C3%BC.npy"), ("a\\b", "a%5Cb.npy"), ("~", "%7E.npy"),
  ])
  func isAFileOfTheFolder(_ name: String, _ file: String) {
    #expect(OutputName.file(name) == file)
    #expect(!file.contains("/") && !file.hasPrefix("."))
  }
}
