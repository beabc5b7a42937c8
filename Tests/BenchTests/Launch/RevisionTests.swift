import Foundation
import Testing

@testable import Bench

/// Which commit the gate compares with, in repositories that are made for it.
struct RevisionTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try git("init -q -b main work")
    for commit in ["one", "two"] { try git("commit -q --allow-empty -m \(commit)", in: "work") }
  }

  @discardableResult
  private func git(_ arguments: String, in place: String = "") throws -> String {
    let settings = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    let command =
      ["git", "-C", folder.path(place)] + settings
      + arguments.split(separator: " ").map(String.init)
    return try #require(Subprocess.output(command), "\(arguments)")
  }

  private func find(_ name: String? = nil, in place: String = "work") throws -> Revision {
    try Revision.find(name) { Subprocess.output(["git", "-C", folder.path(place)] + $0) }
  }

  @Test func aNameIsResolved() throws {
    try git("tag v1 HEAD^", in: "work")
    let commit = try git("rev-parse HEAD^", in: "work")
    #expect(try find("v1") == Revision(name: "v1", commit: commit))
    #expect(try find(String(commit.prefix(10))).commit == commit)
    for name in ["nothing", "--all", "HEAD^{tree}x"] {
      let error = #expect(throws: BenchError.self) { try find(name) }
      #expect(error?.code == .usage)
    }
  }

  @Test func onABranchItIsTheMergeBase() throws {
    let base = try git("rev-parse HEAD", in: "work")
    try git("checkout -q -b topic", in: "work")
    try git("commit -q --allow-empty -m three", in: "work")
    try git("checkout -q main", in: "work")
    try git("commit -q --allow-empty -m four", in: "work")
    try git("checkout -q topic", in: "work")
    #expect(try find() == Revision(name: "merge base with main", commit: base))
    // The server's branch goes before the local one of the same name.
    try git("clone -q work clone")
    try git("checkout -q --detach origin/topic", in: "clone")
    #expect(try find(in: "clone").commit == base)
  }

  @Test func onTheDefaultBranchItIsTheFirstParent() throws {
    try git("checkout -q -b side HEAD^", in: "work")
    try git("commit -q --allow-empty -m side", in: "work")
    try git("checkout -q main", in: "work")
    let parent = try git("rev-parse HEAD", in: "work")
    try git("merge -q --no-ff -m merge side", in: "work")
    #expect(try find() == Revision(name: "parent of HEAD", commit: parent))
  }

  @Test func aShallowCloneIsToldSo() throws {
    try git("clone -q --depth 1 file://\(folder.path("work")) shallow")
    for name in [nil, "v9"] {
      let error = #expect(throws: BenchError.self) { try find(name, in: "shallow") }
      #expect(error?.code == .couldNotMeasure)
      #expect(error?.message.contains("shallow clone") == true, "\(error?.message ?? "")")
    }
    #expect(try find("HEAD", in: "shallow").commit == git("rev-parse HEAD", in: "work"))
  }

  @Test func whatHasNoPastSaysSo() throws {
    try git("init -q -b main young")
    let none = #expect(throws: BenchError.self) { try find(in: "young") }
    #expect(none?.message == "there is no commit yet")
    try git("commit -q --allow-empty -m one", in: "young")
    let first = #expect(throws: BenchError.self) { try find(in: "young") }
    #expect(first?.message == "HEAD has no parent to compare with")
    let noRepository = #expect(throws: BenchError.self) { try Revision.find(nil) { _ in nil } }
    #expect(noRepository?.code == .usage)
  }

  @Test func programsAreKeptBesideTheBuild() throws {
    let root = URL(fileURLWithPath: "/a/b")
    #expect(
      RevisionBuild.folder(executable: "/x/.b/x86_64-linux/release/Bench", root: root).path
        == "/x/.b/against")
    #expect(
      RevisionBuild.folder(executable: "/usr/bin/Bench", root: root).path == "/a/b/.build/against")
    let kept = RevisionBuild(root: root, folder: folder.url, quiet: true)
    let revision = Revision(name: "x", commit: "0123")
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("0123"), withIntermediateDirectories: true)
    let program = try folder.write("#!/bin/sh\n", to: "0123/Bench")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    #expect(try kept.program(of: revision) == program)
  }

  /// This repository has no package: what cannot be built cannot be compared with, and leaves nothing.
  @Test func whatCannotBeBuiltSaysSo() throws {
    let build = RevisionBuild(
      root: folder.url.appendingPathComponent("work"),
      folder: folder.url.appendingPathComponent("against"), quiet: true)
    let revision = try find()
    let error = #expect(throws: BenchError.self) { _ = try build.program(of: revision) }
    #expect(error?.code == .couldNotMeasure)
    let left = try FileManager.default.contentsOfDirectory(
      atPath: folder.path("against/\(revision.commit)"))
    #expect(left.isEmpty)
  }
}
