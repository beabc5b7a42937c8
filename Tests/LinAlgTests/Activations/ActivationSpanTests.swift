import CKernels
import LinAlg
import Testing

/// Spans of every length and alignment: each element is what it is alone, and nothing else changes.
@Suite("Activation spans")
struct ActivationSpanTests {
  typealias Unary = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  typealias Binary =
    (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

  /// The activations with their coefficients.
  static let activations: [(name: String, function: ck_activation, alpha: Double, beta: Double)] = [
    ("identity", CK_ACTIVATION_IDENTITY, 0, 0), ("exp", CK_ACTIVATION_EXP, 0, 0),
    ("tanh", CK_ACTIVATION_TANH, 0, 0), ("sigmoid", CK_ACTIVATION_SIGMOID, 0, 0),
    ("relu", CK_ACTIVATION_RELU, 0, 0), ("softplus", CK_ACTIVATION_SOFTPLUS, 0, 0),
    ("softsign", CK_ACTIVATION_SOFTSIGN, 0, 0), ("leaky_relu", CK_ACTIVATION_LEAKY_RELU, 0.1, 0),
    ("elu", CK_ACTIVATION_ELU, 1.5, 0), ("hard_sigmoid", CK_ACTIVATION_HARD_SIGMOID, 0.2, 0.5),
  ]

  static func unaryKernels(_ table: UnsafePointer<ck_kernels>) -> [(String, Unary)] {
    activations.map { f in
      (f.name, { table[f.function].value($0, $1, $2, f.alpha, f.beta) })
    } + [
      ("log", { table.pointee.log($0, $1, $2) }),
      ("softmax", { table.pointee.softmax_rows($0, $1, $2, 1) }),
      ("log_softmax", { table.pointee.log_softmax_rows($0, $1, $2, 1) }),
    ]
  }

  static func binaryKernels(_ table: UnsafePointer<ck_kernels>) -> [(String, Binary)] {
    activations.map { f in
      (f.name, { table[f.function].gradient($0, $1, $2, $3, f.alpha, f.beta) })
    } + [
      ("log", { table.pointee.log_backward($0, $1, $2, $3) }),
      ("softmax", { table.pointee.softmax_rows_backward($0, $1, $2, $3, 1) }),
      ("log_softmax", { table.pointee.log_softmax_rows_backward($0, $1, $2, $3, 1) }),
    ]
  }

  @Test func everyActivationIsHere() {
    let numbers = Self.activations.map(\.function.rawValue).sorted()
    #expect(numbers == Array(0..<CK_ACTIVATION_COUNT.rawValue))
  }

  static let guardValue: Float = -12345.678
  static let margin = 20

  /// `count` inputs around which, and only around which, there are guard values.
  static func guarded(_ count: Int, offset: Int, _ element: (Int) -> Float) -> [Float] {
    var buffer = [Float](repeating: guardValue, count: count + offset + 2 * margin)
    for i in 0..<count { buffer[margin + offset + i] = element(i) }
    return buffer
  }

  static func guardsHold(_ buffer: [Float], _ count: Int, offset: Int) -> Bool {
    let first = margin + offset
    return buffer[..<first].allSatisfy { $0 == guardValue }
      && buffer[(first + count)...].allSatisfy { $0 == guardValue }
  }

  @Test("every length and alignment", arguments: TestedSet.all)
  func unary(set: TestedSet) throws {
    for (name, kernel) in Self.unaryKernels(set.kernels.pointee.f32) {
      for count in 0...67 {
        let offset = count % 5
        let x = Self.guarded(count, offset: offset) { Float($0) * 0.37 - 7 }
        var y = Self.guarded(count, offset: offset) { _ in 0 }
        let start = Self.margin + offset
        x.withUnsafeBufferPointer { x in
          y.withUnsafeMutableBufferPointer { y in
            if let x = x.baseAddress, let y = y.baseAddress { kernel(x + start, y + start, count) }
          }
        }
        #expect(Self.guardsHold(y, count, offset: offset), "\(name) on \(set), \(count) elements")
        let alone = (0..<count).map { i in
          var result: Float = 0
          withUnsafePointer(to: x[start + i]) { kernel($0, &result, 1) }
          return result.bitPattern
        }
        let together = y[start..<start + count].map(\.bitPattern)
        #expect(together == alone, "\(name) on \(set), \(count) elements")

        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer { x in
          if let x = x.baseAddress { kernel(x + start, x + start, count) }
        }
        let placed = inPlace[start..<start + count].map(\.bitPattern)
        #expect(placed == together, "\(name) on \(set) in place, \(count) elements")
        #expect(Self.guardsHold(inPlace, count, offset: offset), "\(name) on \(set) in place")
      }
    }
  }

  @Test("derivatives: every length and alignment", arguments: TestedSet.all)
  func binary(set: TestedSet) throws {
    for (name, kernel) in Self.binaryKernels(set.kernels.pointee.f32) {
      for count in 0...67 {
        let offset = count % 5
        let y = Self.guarded(count, offset: offset) { Float($0 + 1) / 70 }
        let dy = Self.guarded(count, offset: offset) { Float($0 % 7) - 2.5 }
        var dx = Self.guarded(count, offset: offset) { _ in 0 }
        let start = Self.margin + offset
        y.withUnsafeBufferPointer { y in
          dy.withUnsafeBufferPointer { dy in
            dx.withUnsafeMutableBufferPointer { dx in
              if let y = y.baseAddress, let dy = dy.baseAddress, let dx = dx.baseAddress {
                kernel(y + start, dy + start, dx + start, count)
              }
            }
          }
        }
        #expect(Self.guardsHold(dx, count, offset: offset), "\(name) on \(set), \(count) elements")
        let alone = (0..<count).map { i in
          var result: Float = 0
          withUnsafePointer(to: y[start + i]) { y in
            withUnsafePointer(to: dy[start + i]) { kernel(y, $0, &result, 1) }
          }
          return result.bitPattern
        }
        let together = dx[start..<start + count].map(\.bitPattern)
        #expect(together == alone, "\(name) on \(set), \(count) elements")

        // In place of dy and in place of y.
        for replaced in 0..<2 {
          var inPlace = replaced == 0 ? dy : y
          inPlace.withUnsafeMutableBufferPointer { d in
            (replaced == 0 ? y : dy).withUnsafeBufferPointer { other in
              guard let d = d.baseAddress, let other = other.baseAddress else { return }
              if replaced == 0 {
                kernel(other + start, d + start, d + start, count)
              } else {
                kernel(d + start, other + start, d + start, count)
              }
            }
          }
          let placed = inPlace[start..<start + count].map(\.bitPattern)
          #expect(placed == together, "\(name) on \(set) in place, \(count) elements")
        }
      }
    }
  }

  /// A page that must not be touched follows each span, which vector loads of a tail could reach.
  @Test("reads nothing past the end", arguments: TestedSet.all)
  func endOfMemory(set: TestedSet) throws {
    try withMemoryAtItsEnd(count: 67) { end in
      for (_, kernel) in Self.unaryKernels(set.kernels.pointee.f32) {
        for count in 0...67 {
          let span = end - count
          span.update(repeating: 0.5, count: count)
          kernel(span, span, count)
        }
      }
    }
  }
}
