package import CKernels

/// An instruction set that the engine's kernels are compiled for, weakest first.
///
/// Which one runs is decided once per process: the best that the CPU and its operating system
/// have, unless the environment variable `SWIFT_RECURRENT_ISA` names a lower one. Every kernel of
/// every instruction set keeps the accuracy that its documentation states, but results may differ
/// between them in the last places.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// Portable C: 4 floats at a time, compiled to SSE2 or whatever the platform has.
  case portable
  /// NEON, which every 64-bit Arm processor has: 4 floats at a time.
  case neon
  /// AVX2 with FMA: 8 floats at a time.
  case avx2
  /// AVX-512 (F, VL, BW, DQ): 16 floats at a time.
  case avx512

  /// The instruction sets that this program holds kernels for, whether this machine can run them or
  /// not: on x86-64 all but NEON, on 64-bit Arm the portable ones and NEON.
  public static var built: [InstructionSet] {
    allCases.filter { ck_instruction_set_built($0.identifier) != nil }
  }

  /// The instruction sets that this machine can run.
  public static var available: [InstructionSet] { allCases.filter { $0.kernels != nil } }

  /// The best instruction set that this machine can run.
  public static var best: InstructionSet { available.max() ?? .portable }

  /// The instruction set whose kernels run in this process.
  public static var current: InstructionSet { selection.chosen }

  /// How many floats one instruction works on, or `nil` where this machine lacks the set.
  public var lanes: Int? { kernels.map { Int($0.pointee.lanes) } }

  /// The kernels for this instruction set, or `nil` where this machine lacks it. They are constants,
  /// valid as long as the process.
  package var kernels: UnsafePointer<ck_instruction_set>? { ck_instruction_set_for(identifier) }

  private var identifier: ck_isa {
    switch self {
    case .portable: CK_ISA_PORTABLE
    case .neon: CK_ISA_NEON
    case .avx2: CK_ISA_AVX2
    case .avx512: CK_ISA_AVX512
    }
  }
}

extension InstructionSet: Comparable {
  /// Whether `a` stands before `b`, which needs more of the machine.
  public static func < (a: InstructionSet, b: InstructionSet) -> Bool {
    a.identifier.rawValue < b.identifier.rawValue
  }
}

extension InstructionSet: CustomStringConvertible {
  /// The instruction set's usual spelling.
  public var description: String {
    switch self {
    case .portable: "portable"
    case .neon: "NEON"
    case .avx2: "AVX2"
    case .avx512: "AVX-512"
    }
  }
}
