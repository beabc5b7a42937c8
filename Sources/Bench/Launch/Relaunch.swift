import Charts
import Foundation

/// Starts Bench anew where this process cannot measure honestly: with `OPENBLAS_CORETYPE` set, which
/// chooses OpenBLAS's kernels when the library loads, or as a debug build.
///
/// Each is done at most once: the new process carries a mark in its environment.
enum Relaunch {
  /// Set in the environment of a process that was started anew, to what was done already.
  static let mark = "BENCH_RELAUNCHED"
  static let coreTypeVariable = "OPENBLAS_CORETYPE"

  #if DEBUG
    static let isDebugBuild = true
  #else
    static let isDebugBuild = false
  #endif

  /// What has to be done before measuring.
  enum Action: Equatable {
    /// Run the same executable without the variable.
    case clearCoreType
    /// Build for release, then run that.
    case buildRelease
  }

  /// Which actions this process still needs; pure, so that it can be tested.
  static func actions(
    environment: [String: String], isDebugBuild: Bool, keepCoreType: Bool, allowDebug: Bool
  ) -> [Action] {
    let done = Set((environment[mark] ?? "").split(separator: ",").map(String.init))
    var actions: [Action] = []
    if isDebugBuild, !allowDebug, !done.contains("release") { actions.append(.buildRelease) }
    if environment[coreTypeVariable] != nil, !keepCoreType, !done.contains("coretype") {
      actions.append(.clearCoreType)
    }
    return actions
  }

  /// Replaces this process when it needs to be; returns when it can measure as it is.
  ///
  /// - Throws: ``BenchError`` when the release build fails: debug numbers would be nonsense.
  static func ifNeeded(keepCoreType: Bool, allowDebug: Bool) throws {
    var environment = ProcessInfo.processInfo.environment
    let actions = actions(
      environment: environment, isDebugBuild: isDebugBuild, keepCoreType: keepCoreType,
      allowDebug: allowDebug)
    guard !actions.isEmpty, var path = PackageDirectory.executablePath else { return }

    var done = (environment[mark] ?? "").split(separator: ",").map(String.init)
    if actions.contains(.clearCoreType) {
      StandardError.line(
        "Bench: \(coreTypeVariable)=\(environment[coreTypeVariable] ?? "") would choose OpenBLAS's "
          + "kernels; starting again without it (--keep-coretype keeps it)")
      environment[coreTypeVariable] = nil
      done.append("coretype")
    }
    if actions.contains(.buildRelease) {
      path = try buildRelease()
      done.append("release")
    }
    environment[mark] = done.joined(separator: ",")
    Subprocess.replaceProcess(
      path: path, arguments: Array(CommandLine.arguments.dropFirst()), environment: environment)
    throw BenchError.failure("could not start \(path) again")
  }

  /// Builds Bench for release and returns the executable's path.
  private static func buildRelease() throws -> String {
    let hint = "run it as 'swift run -c release Bench'"
    guard let root = PackageDirectory.root else {
      throw BenchError.failure("this is a debug build and its package was not found; \(hint)")
    }
    StandardError.line(
      "Bench: this is a debug build, whose numbers mean nothing; building for release …")
    let build =
      ["swift", "build", "-c", "release", "--package-path", root.path]
      + scratchOption(executable: PackageDirectory.executablePath)
    guard Subprocess.run(build + ["--product", "Bench"]) == 0,
      let folder = Subprocess.output(build + ["--show-bin-path"])
    else { throw BenchError.failure("the release build failed; \(hint)") }
    let path = folder + "/Bench"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw BenchError.failure("the release build left no \(path); \(hint)")
    }
    return path
  }

  /// The option that builds into the folder that this executable was built in, so that what it depends
  /// on need not be built again: executables lie in `<scratch>/<triple>/debug`.
  static func scratchOption(executable: String?) -> [String] {
    guard let executable else { return [] }
    let folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
    let triple = folder.deletingLastPathComponent()
    guard folder.lastPathComponent == "debug", triple.lastPathComponent.contains("-") else {
      return []
    }
    return ["--scratch-path", triple.deletingLastPathComponent().path]
  }
}
