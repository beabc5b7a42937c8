import Charts
import Foundation

/// A commit of this package that the gate compares with.
struct Revision: Equatable {
  /// What it was called, such as `main`.
  var name: String
  /// Its full id.
  var commit: String

  var description: String { "\(name) (\(commit.prefix(12)))" }

  /// Finds a revision, for nil the one that the present state is a change of: the merge base with the
  /// default branch, or the first parent where that is `HEAD` itself.
  ///
  /// - Parameter git: runs git in the package's folder and returns what it prints; nil where it fails.
  /// - Throws: ``BenchError`` (exit 64) for a name that git does not know, (exit 4) where a shallow clone
  ///   lacks what is needed.
  static func find(_ name: String?, git: ([String]) -> String?) throws -> Revision {
    guard git(["rev-parse", "--git-dir"]) != nil else {
      throw BenchError.usage(
        "the package is no git checkout; give --against the path of another Bench, or use --baseline"
      )
    }
    func commit(_ name: String) -> String? {
      git(["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"])
    }
    func missing(_ what: String, _ code: BenchError.Code) -> BenchError {
      guard git(["rev-parse", "--is-shallow-repository"]) == "true" else {
        return BenchError(code: code, message: what)
      }
      return BenchError(
        code: .couldNotMeasure,
        message: "\(what): this is a shallow clone, which lacks older commits; fetch them with "
          + "'git fetch --unshallow' (in GitHub Actions: checkout with fetch-depth: 0)")
    }
    if let name {
      guard let commit = commit(name) else {
        throw missing("--against: git knows no revision '\(name)'", .usage)
      }
      return Revision(name: name, commit: commit)
    }
    guard let head = commit("HEAD") else { throw missing("there is no commit yet", .usage) }
    // What `origin/HEAD` points to, else the usual names, those of the server first.
    let branches =
      [git(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])].compactMap { $0 }
      + ["origin/main", "origin/master", "main", "master"]
    guard let branch = branches.first(where: { commit($0) != nil }) else {
      throw missing("no default branch found; give --against a revision", .usage)
    }
    guard let base = git(["merge-base", "HEAD", branch]) else {
      throw missing("HEAD and \(branch) have no commit in common", .usage)
    }
    if base != head { return Revision(name: "merge base with \(branch)", commit: base) }
    guard let parent = commit("HEAD^1") else {
      throw missing("HEAD has no parent to compare with", .usage)
    }
    return Revision(name: "parent of HEAD", commit: parent)
  }
}

/// Builds the Bench of another revision, once for each commit.
struct RevisionBuild {
  /// The package's checkout.
  var root: URL
  /// Where programs are kept, in a folder for each commit.
  var folder: URL
  var quiet: Bool

  /// Beside the build that `executable` is of: `<scratch>/against`.
  static func folder(executable: String, root: URL) -> URL {
    let triple = URL(fileURLWithPath: executable).deletingLastPathComponent()
      .deletingLastPathComponent()
    let scratch =
      triple.lastPathComponent.contains("-")
      ? triple.deletingLastPathComponent() : root.appendingPathComponent(".build")
    return scratch.appendingPathComponent("against")
  }

  /// The path of the program of `revision`; built for release where it is not there yet.
  ///
  /// - Throws: ``BenchError`` (exit 4) when it cannot be built: then nothing can be compared with it.
  func program(of revision: Revision) throws -> String {
    let manager = FileManager.default
    let place = folder.appendingPathComponent(revision.commit)
    let program = place.appendingPathComponent("Bench").path
    if manager.isExecutableFile(atPath: program) { return program }

    if !quiet { StandardError.line("Bench: building \(revision.description) …") }
    let (source, build) = (
      place.appendingPathComponent("source"), place.appendingPathComponent("build")
    )
    let archive = place.appendingPathComponent("source.tar")
    try? manager.removeItem(at: source)
    defer { for leftover in [source, build, archive] { try? manager.removeItem(at: leftover) } }
    do {
      try manager.createDirectory(at: source, withIntermediateDirectories: true)
    } catch {
      throw BenchError.cannotWrite("\(source.path): cannot be made")
    }
    let failure = BenchError(
      code: .couldNotMeasure, message: "\(revision.description) could not be built")
    guard
      Subprocess.run([
        "git", "-C", root.path, "archive", "--output", archive.path, revision.commit,
      ]) == 0, Subprocess.run(["tar", "-xf", archive.path, "-C", source.path]) == 0
    else { throw failure }
    // The same versions of what both depend on.
    let resolved = "Package.resolved"
    try? manager.copyItem(
      at: root.appendingPathComponent(resolved), to: source.appendingPathComponent(resolved))
    let command = [
      // Warnings that this compiler found since are no errors there.
      "env", "-u", "SWIFT_RECURRENT_STRICT", "swift", "build", "-c", "release", "--product",
      "Bench",
      "--package-path", source.path, "--scratch-path", build.path,
    ]
    guard Subprocess.run(command, quiet: quiet) == 0,
      let products = Subprocess.output(command + ["--show-bin-path"])
    else { throw failure }
    do {
      let partial = program + ".partial"
      try? manager.removeItem(atPath: partial)
      try manager.copyItem(atPath: products + "/Bench", toPath: partial)
      try manager.moveItem(atPath: partial, toPath: program)
    } catch {
      throw failure
    }
    return program
  }
}
