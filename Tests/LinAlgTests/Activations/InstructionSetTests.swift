import CKernels
import Testing

@testable import LinAlg

@Suite("InstructionSet")
struct InstructionSetTests {
  @Test func theTableIsTheOneThatWasAskedFor() throws {
    for set in InstructionSet.available {
      let table = try kernels(set).pointee
      #expect(String(cString: table.name) == set.rawValue)
      #expect(Int(table.lanes) == set.lanes)
    }
    #expect(InstructionSet.available.contains(.portable))
    #expect(InstructionSet.available.contains(InstructionSet.current))
    #expect(Int(InstructionSet.kernels.pointee.lanes) == InstructionSet.current.lanes)
    #expect(String(cString: ck_kernels_best().pointee.name) == InstructionSet.best.rawValue)
  }

  @Test func theWidestIsChosenUnlessALowerOneIsAskedFor() {
    let all = InstructionSet.allCases
    #expect(InstructionSet.choose(request: nil, available: all) == (.avx512, nil))
    #expect(InstructionSet.choose(request: "", available: all) == (.avx512, nil))
    #expect(InstructionSet.choose(request: "avx2", available: all) == (.avx2, nil))
    #expect(InstructionSet.choose(request: "Portable", available: all) == (.portable, nil))
    #expect(InstructionSet.choose(request: nil, available: [.portable, .avx2]) == (.avx2, nil))
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
