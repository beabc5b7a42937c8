import Testing

@testable import Bench

/// When Bench starts itself again.
struct RelaunchTests {
  private func actions(
    _ environment: [String: String] = [:], debug: Bool = false, keep: Bool = false,
    allow: Bool = false
  ) -> [Relaunch.Action] {
    Relaunch.actions(
      environment: environment, isDebugBuild: debug, keepCoreType: keep, allowDebug: allow)
  }

  @Test func onlyWhereItMust() {
    let set = [Relaunch.coreTypeVariable: "Haswell"]
    #expect(actions() == [])
    #expect(actions(set) == [.clearCoreType])
    #expect(actions(set, keep: true) == [])
    #expect(actions(debug: true) == [.buildRelease])
    #expect(actions(debug: true, allow: true) == [])
    #expect(actions(set, debug: true) == [.buildRelease, .clearCoreType])
  }

  @Test func neverTwice() {
    let marked = [Relaunch.coreTypeVariable: "Haswell", Relaunch.mark: "coretype,release"]
    #expect(actions(marked, debug: true) == [])
    #expect(actions([Relaunch.mark: "coretype"], debug: true) == [.buildRelease])
  }

  @Test func theReleaseBuildUsesTheSameScratchFolder() {
    let path = "/a/b/.build/x86_64-unknown-linux-gnu/debug/Bench"
    #expect(Relaunch.scratchOption(executable: path) == ["--scratch-path", "/a/b/.build"])
    #expect(Relaunch.scratchOption(executable: "/usr/bin/Bench") == [])
    #expect(Relaunch.scratchOption(executable: nil) == [])
  }
}
