import Foundation
import LinAlg

/// A mistake that the suite makes on purpose, in one sequence of three, to show that it would find one.
enum Plant: String, CaseIterable {
  /// A store one element past the end of a matrix.
  case store
  /// A kernel that reads one element more than a matrix has.
  case kernelReads = "kernel-reads"
  /// A kernel that writes one element more than a matrix has.
  case kernelWrites = "kernel-writes"
  /// A product of OpenBLAS that reads one row more than a matrix has.
  case productReads = "product-reads"
  /// A product of OpenBLAS that writes one row more than a matrix has.
  case productWrites = "product-writes"
  /// A result of which one number is the neighbour of the right one.
  case result
  /// A call that changes what it was not given to change.
  case change
  /// A call that returns where it should trap.
  case acceptance
  /// A call of the engine that traps where it should return.
  case refusal
  /// A trap with somebody else's message.
  case message
  /// A trap without a message.
  case silence
  /// The end of the process, as if all was well.
  case exit
  /// A call that does not end.
  case hang

  /// Whether the sequence of a seed is one of those that have the mistake.
  static func isMade(in seed: UInt64) -> Bool { seed % 3 == 2 }

  /// How the suite's report of it begins.
  var signature: String {
    switch self {
    case .store, .kernelReads, .kernelWrites, .productReads, .productWrites:
      "memory: heap-buffer-overflow in planted"
    case .result: "WRONG: another "
    case .change: "WRONG: a call changed "
    case .acceptance: "WRONG: accepted what does not fit by "
    case .refusal: "refused what fits: planted: LinAlg/"
    case .message: "a message that is not the engine's in planted: Swift/"
    case .silence: "signal \(SIGABRT), exit 0 without a message in planted"
    case .exit: "signal 0, exit 0 without a message in planted"
    case .hang: "no end of planted"
    }
  }

  /// Whether it is a call of its own, which every sequence that has the mistake makes; the others wait
  /// for an answer that they can spoil.
  var isCall: Bool { ![.result, .change, .acceptance].contains(self) }

  /// Makes the call.
  func call(_ seed: UInt64, _ log: SharedLog) {
    guard isCall else { return }
    log.note(call: "planted(\(rawValue))", .fits)
    // Of every remainder of a kernel's width.
    let count = 1 + Int(seed / 3 % 37)
    var few = Matrix<Float>(repeating: 1, rows: 1, columns: count)
    var more = Matrix<Float>(repeating: 1, rows: 2, columns: count)
    let right = Matrix<Float>(repeating: 1, rows: count, columns: 2)
    var sums = Matrix<Float>(repeating: 0, rows: self == .productWrites ? 1 : 2, columns: 2)
    switch self {
    case .store:
      few.withUnsafeMutableBufferPointer { x in
        guard let x = x.baseAddress else { return }
        x[count] = 2
      }
    case .kernelReads:
      few.withUnsafeBufferPointer { x in
        guard let x = x.baseAddress else { return }
        log.note("// \(Float.sumOfSquares(x, count: count + 1))")
      }
    case .kernelWrites:
      more.withUnsafeBufferPointer { x in
        few.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          Float.apply(.tanh, x, into: y, count: count + 1)
        }
      }
    case .productReads, .productWrites:
      let left = self == .productReads ? few : more
      left.withUnsafeBufferPointer { a in
        right.withUnsafeBufferPointer { b in
          sums.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
              return
            }
            Float.gemm(
              .none, .none, m: 2, n: 2, k: count, alpha: 1, a: a, lda: count, b: b, ldb: 2, beta: 0,
              c: c, ldc: 2)
          }
        }
      }
    case .refusal: more = Matrix(rows: 2, columns: count, elements: [])
    case .message:
      log.note("// \(Dictionary(uniqueKeysWithValues: [(1, count), (1, count)]).count)")
    case .silence: abort()
    case .exit: _exit(0)
    case .hang: while true { sleep(1) }
    case .result, .change, .acceptance: return
    }
    log.note("// \(few[0, 0] + more[0, 0] + sums[0, 0])")
  }
}

extension Plant? {
  /// The answer of a call, spoilt where that is the mistake to be made.
  func spoil<Scalar: FloatingPoint>(_ numbers: [Scalar], as plant: Plant) -> [Scalar] {
    guard self == plant, let i = numbers.firstIndex(where: \.isFinite) else { return numbers }
    var result = numbers
    result[i] = result[i].nextUp
    return result
  }

  /// How a call should have ended, wrong where that is the mistake to be made.
  func spoil(_ expectation: SharedLog.Expectation) -> SharedLog.Expectation {
    self == .acceptance ? .traps : expectation
  }
}
