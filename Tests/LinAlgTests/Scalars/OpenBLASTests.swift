import Testing

@testable import LinAlg

@Suite("OpenBLAS")
struct OpenBLASTests {
  @Test func saysWhatItIs() {
    #expect(OpenBLAS.configuration.hasPrefix("OpenBLAS"))
    #expect(OpenBLAS.version.split(separator: ".").count >= 2)
    #expect(OpenBLAS.version.first?.isNumber == true)
    #expect(!OpenBLAS.coreType.isEmpty)
  }

  @Test func isSingleThreadedUntilToldOtherwise() async {
    await #expect(processExitsWith: .success) {
      precondition(OpenBLAS.threadCount == 1)
      if OpenBLAS.isParallel {
        OpenBLAS.threadCount = 2
        precondition(OpenBLAS.threadCount == 2)
      }
      let identity = Matrix<Double>.identity(64)
      precondition(identity * identity == identity)
      OpenBLAS.threadCount = 1
      precondition(OpenBLAS.threadCount == 1)
    }
    await #expect(processExitsWith: .failure) { OpenBLAS.threadCount = 0 }
  }

  @Test func versionIsTheSecondWord() {
    #expect(
      OpenBLAS.version(
        inConfiguration: "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Zen MAX_THREADS=64")
        == "0.3.21")
    #expect(OpenBLAS.version(inConfiguration: "something else") == "something else")
  }

  @Test(arguments: [
    ("SkylakeX", OpenBLAS.InstructionSet.avx512), ("SapphireRapids", .avx512),
    ("Cooperlake", .avx512), ("Haswell", .avx2), ("Zen", .avx2), ("Zen", .avx),
    ("SkylakeX", .avx2), ("SomethingNewer", .avx512),
  ])
  func kernelsThatFitRaiseNoWarning(coreType: String, cpu: OpenBLAS.InstructionSet) {
    #expect(
      OpenBLAS.warning(coreType: coreType, cpu: cpu, isDynamic: true, override: nil) == nil)
  }

  @Test func weakerKernelsAreNamedWithTheRemedy() {
    let inherited = OpenBLAS.warning(
      coreType: "Haswell", cpu: .avx512, isDynamic: true, override: "Haswell")
    #expect(inherited?.contains("unset OPENBLAS_CORETYPE (it is 'Haswell')") == true)
    #expect(inherited?.contains("AVX2") == true && inherited?.contains("AVX-512") == true)
    #expect(inherited?.contains("\n") == false)
    let unknown = OpenBLAS.warning(
      coreType: "Zen", cpu: .avx512, isDynamic: true, override: nil)
    #expect(unknown?.contains("OPENBLAS_CORETYPE=SkylakeX") == true)
    let fixed = OpenBLAS.warning(
      coreType: "Nehalem", cpu: .avx2, isDynamic: false, override: nil)
    #expect(fixed?.contains("DYNAMIC_ARCH") == true)
    #expect(
      OpenBLAS.warning(coreType: "ARMV8", cpu: nil, isDynamic: true, override: nil) == nil)
  }
}
