import Foundation
import Testing

@testable import Bench

/// Lines of JSON values, for error messages.
struct JSONLineMapTests {
  @Test func findsEveryValue() throws {
    let map = try JSONLineMap("{\"a\": [1,\n {\"b\": \"x\\\"}\"}],\n\n\"c\": null}")
    #expect(map.line(of: []) == 1)
    #expect(map.line(of: ["a", "0"]) == 1)
    #expect(map.line(of: ["a", "1", "b"]) == 2)
    #expect(map.line(of: ["c"]) == 4)
    #expect(map.line(of: ["a", "1", "missing"]) == 2)
  }

  @Test(arguments: [
    "{", "[1,]", "{\"a\"}", "{\"a\":}", "tru", "\"open", "01x", "{\"a\":1,}", "[1 2]", "nan",
    "\"\\", "{1:2}", String(repeating: "[", count: 100),
  ])
  func refusesWhatIsNotJSON(_ text: String) {
    #expect(throws: JSONLineMap.SyntaxError.self) { try JSONLineMap(text) }
  }

  @Test(arguments: ["1", "-1.5e+3", "[]", "{}", " [ { } , [ ] ] ", "\"a\\u00e4\\n\"", "true"])
  func acceptsJSON(_ text: String) throws {
    _ = try JSONLineMap(text)
  }

  /// Each value's place is stored without the keys above it, of which one may be long: this text of 3 MB
  /// would take 40 GB.
  @Test func aLongKeyIsStoredOnce() async {
    await #expect(processExitsWith: .success) {
      #if canImport(Glibc)
        var limit = rlimit(rlim_cur: 6 << 30, rlim_max: 6 << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      #endif
      let key = String(repeating: "k", count: 2 << 20)
      let values = Array(repeating: "1", count: 20_000).joined(separator: ",\n")
      let map = try JSONLineMap("{\"\(key)\": [\(values)]}")
      guard map.line(of: [key, "19999"]) == 20_000 else { exit(1) }
    }
  }
}
