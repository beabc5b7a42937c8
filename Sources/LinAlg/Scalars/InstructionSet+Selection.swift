internal import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension InstructionSet {
  /// The environment variable that limits ``current``, for looking for a fault in the kernels.
  public static let environmentVariable = "SWIFT_RECURRENT_ISA"

  /// What runs in this process.
  struct Selection: @unchecked Sendable {
    // @unchecked Sendable: the set is a constant of the program.
    var chosen: InstructionSet
    var set: UnsafePointer<ck_instruction_set>
  }

  static let selection: Selection = {
    let request = getenv(environmentVariable).map { String(cString: $0) }
    let (chosen, complaint) = choose(request: request, available: available)
    if let complaint {
      let line = complaint + "\n"
      _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
    }
    return Selection(chosen: chosen, set: chosen.kernels ?? ck_instruction_set_best())
  }()

  /// Chooses among `available`: the one that `request` names, else the best, with one line that
  /// says so where `request` names none of them.
  static func choose(
    request: String?, available: [InstructionSet]
  ) -> (chosen: InstructionSet, complaint: String?) {
    let best = available.max() ?? .portable
    guard let request, !request.isEmpty else { return (best, nil) }
    if let named = InstructionSet(rawValue: request.lowercased()), available.contains(named) {
      return (named, nil)
    }
    let allowed = available.map(\.rawValue).joined(separator: ", ")
    let complaint =
      "\(environmentVariable): \(request.debugDescription) is not an instruction set of this machine "
      + "(\(allowed)); using \(best.rawValue)"
    return (best, complaint)
  }
}
