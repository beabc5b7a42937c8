import Foundation

/// The processor that this process runs on, as the operating system describes it.
struct CPU: Equatable {
  /// The model's name, such as `AMD EPYC 7763`.
  var model: String
  /// Logical cores that this process may use.
  var cores: Int

  static let current: CPU = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    var cpu = CPU(cpuinfo: text, cores: ProcessInfo.processInfo.activeProcessorCount)
    #if canImport(Darwin)
      cpu.model = sysctlString("machdep.cpu.brand_string") ?? cpu.model
    #endif
    return cpu
  }()

  /// Reads the first processor of the text of Linux's `/proc/cpuinfo`.
  init(cpuinfo text: String, cores: Int) {
    var fields: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].trimmingCharacters(in: .whitespaces)
      if fields[key] == nil { fields[key] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    model = fields["model name"] ?? fields["Model"] ?? "unknown CPU"
    self.cores = cores
  }

  #if canImport(Darwin)
    private static func sysctlString(_ name: String) -> String? {
      var size = 0
      guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 1 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  #endif
}
