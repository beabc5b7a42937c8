import CKernels
import Testing

@testable import LinAlg

@Suite("InstructionSet")
struct InstructionSetTests {
  @Test func theTableIsTheOneThatWasAskedFor() throws {
    for set in InstructionSet.available {
      let found = try #require(set.kernels).pointee
      #expect(String(cString: found.name) == set.rawValue)
      #expect(Int(found.lanes) == set.lanes)
    }
    #expect(InstructionSet.available.contains(.portable))
    #expect(InstructionSet.available.contains(InstructionSet.current))
    #expect(InstructionSet.current.kernels?.pointee.f32 == Float.kernels.table)
    #expect(InstructionSet.current.kernels?.pointee.f64 == Double.kernels.table)
    let best = ck_instruction_set_best().pointee
    #expect(String(cString: best.name) == InstructionSet.best.rawValue)
  }

  /// By what they need of a machine, whatever their lanes.
  @Test func theyAreOrderedAsTheyAreListed() {
    #expect(InstructionSet.allCases.sorted() == [.portable, .neon, .avx2, .avx512])
    for set in InstructionSet.allCases where set.kernels == nil { #expect(set.lanes == nil) }
  }

  /// What a program holds follows from the processor that it is built for, not from the one it runs on.
  @Test func theProgramHoldsWhatItsProcessorMayHave() {
    #if arch(x86_64)
      #expect(InstructionSet.built == [.portable, .avx2, .avx512])
    #elseif arch(arm64)
      #expect(InstructionSet.built == [.portable, .neon])
      #expect(InstructionSet.best == .neon)
    #else
      #expect(InstructionSet.built == [.portable])
    #endif
    #expect(Set(InstructionSet.available).isSubset(of: InstructionSet.built))
  }

  @Test func theBestIsChosenUnlessALowerOneIsAskedFor() {
    let all = InstructionSet.allCases
    #expect(InstructionSet.choose(request: nil, available: all) == (.avx512, nil))
    #expect(InstructionSet.choose(request: "", available: all) == (.avx512, nil))
    #expect(InstructionSet.choose(request: "avx2", available: all) == (.avx2, nil))
    #expect(InstructionSet.choose(request: "Portable", available: all) == (.portable, nil))
    #expect(InstructionSet.choose(request: nil, available: [.portable, .avx2]) == (.avx2, nil))
    #expect(InstructionSet.choose(request: nil, available: [.portable, .neon]) == (.neon, nil))
    #expect(InstructionSet.choose(request: "NEON", available: [.portable, .neon]) == (.neon, nil))
  }

  @Test(arguments: ["avx-2", "avx512", "sse2\n"])
  func aBadRequestIsNamedWithWhatIsAllowed(request: String) {
    let (chosen, complaint) = InstructionSet.choose(
      request: request, available: [.portable, .avx2])
    #expect(chosen == .avx2)
    #expect(complaint?.contains("portable, avx2") == true)
    #expect(complaint?.contains("SWIFT_RECURRENT_ISA") == true)
    #expect(complaint?.contains("\n") == false)
  }
}
