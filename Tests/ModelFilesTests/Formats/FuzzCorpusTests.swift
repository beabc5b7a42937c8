import Foundation
import Testing

@testable import ModelFiles

/// What `make fuzz` found, read again: files of `Tests/Golden/fuzz`, kept by `Tools/fuzz-readers.sh READER keep`.
@Suite struct FuzzCorpusTests {
  @Test(arguments: TensorFile.Format.allCases)
  func `every find is read or refused`(_ format: TensorFile.Format) throws {
    let folder = GoldenFiles.path("../fuzz/\(format.rawValue)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count >= 20)
    for name in names {
      let bytes = Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
      switch outcome(of: bytes, as: format) {
      case .success(let isWhole): #expect(isWhole, "\(name)")
      case .failure(let error): #expect(error.path == "damaged" && !error.reason.isEmpty, "\(name)")
      }
    }
  }
}
