import CBLAS

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The OpenBLAS library that this process runs on.
public enum OpenBLAS {
  /// Makes OpenBLAS single-threaded once, before its first product: the engine owns its threads, and
  /// idle OpenBLAS workers spin.
  private static let initialized: Void = openblas_set_num_threads(1)

  /// Must run before any call of a BLAS or LAPACK routine. Costs one atomic load once it has run.
  @inline(__always)
  static func prepare() { _ = initialized }

  /// How many threads one call of OpenBLAS may use: 1 unless set otherwise.
  ///
  /// The count belongs to the whole process. Do not change it while a product runs.
  ///
  /// - Precondition: a new value is positive. OpenBLAS itself caps it at what it was built for.
  public static var threadCount: Int {
    get {
      prepare()
      return Int(openblas_get_num_threads())
    }
    set {
      require(newValue > 0, "OpenBLAS.threadCount: \(newValue) is not positive")
      prepare()
      openblas_set_num_threads(blasInt(newValue, "thread count"))
    }
  }

  /// Whether the library was built with threads of its own.
  public static var isParallel: Bool { openblas_get_parallel() != OPENBLAS_SEQUENTIAL }

  /// The library's own description of how it was built.
  public static var configuration: String { string(openblas_get_config()) }

  /// The library's version, such as `0.3.21`, or its whole description if that names none.
  public static var version: String { version(inConfiguration: configuration) }

  /// The CPU type whose kernels the library chose when it was loaded, such as `Haswell`.
  ///
  /// `OPENBLAS_CORETYPE` in the environment overrides that choice, also for the worse.
  public static var coreType: String { string(openblas_get_corename()) }

  /// Whether OpenBLAS runs on kernels for a weaker instruction set than this CPU has.
  public static var coreTypeIsBelowCPU: Bool { warning != nil }

  /// One line that says that OpenBLAS runs on weaker kernels than this CPU could run, and what to do
  /// about it; `nil` if it does not, or if that cannot be told.
  public static var warning: String? {
    warning(
      coreType: coreType, cpu: InstructionSet(rawValue: Int(openblas_shim_cpu_level())),
      isDynamic: configuration.contains("DYNAMIC_ARCH"),
      override: getenv("OPENBLAS_CORETYPE").map { String(cString: $0) })
  }

  private static func string(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    characters.map { String(cString: $0) } ?? ""
  }
}

// The parts that decide, free of the process they run in, so that tests can reach every case.
extension OpenBLAS {
  /// The instruction sets of x86 that OpenBLAS has kernels for, weakest first.
  enum InstructionSet: Int, Comparable {
    case sse = 0
    case avx = 1
    case avx2 = 2
    case avx512 = 3

    static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rawValue < b.rawValue }

    var name: String {
      switch self {
      case .sse: "SSE"
      case .avx: "AVX"
      case .avx2: "AVX2"
      case .avx512: "AVX-512"
      }
    }

    /// The core type to ask OpenBLAS for on a CPU with this instruction set.
    var coreType: String {
      switch self {
      case .sse: "Nehalem"
      case .avx: "Sandybridge"
      case .avx2: "Haswell"
      case .avx512: "SkylakeX"
      }
    }

    /// What the kernels of one of OpenBLAS's x86 core types use; `nil` for a name not known here.
    init?(coreType: String) {
      switch coreType.lowercased() {
      case "skylakex", "cooperlake", "sapphirerapids": self = .avx512
      case "haswell", "zen", "excavator": self = .avx2
      case "sandybridge", "bulldozer", "piledriver", "steamroller": self = .avx
      case "prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "nano", "athlon",
        "opteron", "opteron_sse3", "barcelona", "bobcat", "katmai", "coppermine", "northwood",
        "banias", "generic":
        self = .sse
      default: return nil
      }
    }
  }

  static func version(inConfiguration configuration: String) -> String {
    let words = configuration.split(separator: " ")
    guard words.count > 1 && words[0] == "OpenBLAS" else { return configuration }
    return String(words[1])
  }

  static func warning(
    coreType: String, cpu: InstructionSet?, isDynamic: Bool, override: String?
  ) -> String? {
    guard let cpu, let kernels = InstructionSet(coreType: coreType), kernels < cpu else {
      return nil
    }
    let remedy =
      if let override, !override.isEmpty {
        "unset OPENBLAS_CORETYPE (it is '\(override)')"
      } else if isDynamic {
        "set OPENBLAS_CORETYPE=\(cpu.coreType) or install a newer OpenBLAS"
      } else {
        "install an OpenBLAS that was built with DYNAMIC_ARCH"
      }
    return "OpenBLAS uses its \(kernels.name) kernels (\(coreType)) on a CPU with \(cpu.name), "
      + "so products run at half their speed or less: \(remedy)"
  }
}

extension Transpose {
  var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

extension Triangle {
  var cblas: CBLAS_UPLO { self == .upper ? CblasUpper : CblasLower }
}

extension Side {
  var cblas: CBLAS_SIDE { self == .left ? CblasLeft : CblasRight }
}

extension Diagonal {
  var cblas: CBLAS_DIAG { self == .stored ? CblasNonUnit : CblasUnit }
}

/// Converts a size to BLAS's 32-bit integer and traps with its name when it does not fit.
@inline(__always)
func blasInt(_ value: Int, _ name: StaticString = "size") -> blasint {
  guard let converted = blasint(exactly: value) else {
    failRequirement("BLAS: \(name) \(value) does not fit a 32-bit BLAS integer")
  }
  return converted
}
