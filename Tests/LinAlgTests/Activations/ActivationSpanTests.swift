import CKernels
import LinAlg
import Testing

/// Spans of every length and alignment: each element is what it is alone, and nothing else changes.
@Suite("Activation spans")
struct ActivationSpanTests {
  typealias Unary = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  typealias Binary =
    (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

  static func unaryKernels(_ table: ck_kernels) -> [(String, Unary)] {
    [
      ("exp", table.exp_f32), ("log", table.log_f32), ("tanh", table.tanh_f32),
      ("sigmoid", table.sigmoid_f32), ("relu", table.relu_f32), ("softplus", table.softplus_f32),
      ("softsign", table.softsign_f32), ("leaky_relu", { table.leaky_relu_f32($0, $1, $2, 0.1) }),
      ("elu", { table.elu_f32($0, $1, $2, 1.5) }),
      ("hard_sigmoid", { table.hard_sigmoid_f32($0, $1, $2, 0.2, 0.5) }),
      ("softmax", { table.softmax_rows_f32($0, $1, $2, 1) }),
      ("log_softmax", { table.log_softmax_rows_f32($0, $1, $2, 1) }),
    ]
  }

  static func binaryKernels(_ table: ck_kernels) -> [(String, Binary)] {
    [
      ("exp", table.exp_backward_f32), ("log", table.log_backward_f32),
      ("tanh", table.tanh_backward_f32), ("sigmoid", table.sigmoid_backward_f32),
      ("relu", table.relu_backward_f32), ("softplus", table.softplus_backward_f32),
      ("softsign", table.softsign_backward_f32),
      ("leaky_relu", { table.leaky_relu_backward_f32($0, $1, $2, $3, 0.1) }),
      ("elu", { table.elu_backward_f32($0, $1, $2, $3, 1.5) }),
      ("hard_sigmoid", { table.hard_sigmoid_backward_f32($0, $1, $2, $3, 0.2) }),
      ("softmax", { table.softmax_rows_backward_f32($0, $1, $2, $3, 1) }),
      ("log_softmax", { table.log_softmax_rows_backward_f32($0, $1, $2, $3, 1) }),
    ]
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

  @Test("every length and alignment", arguments: InstructionSet.available)
  func unary(set: InstructionSet) throws {
    for (name, kernel) in Self.unaryKernels(try kernels(set).pointee) {
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

  @Test("derivatives: every length and alignment", arguments: InstructionSet.available)
  func binary(set: InstructionSet) throws {
    for (name, kernel) in Self.binaryKernels(try kernels(set).pointee) {
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
  @Test("reads nothing past the end", arguments: InstructionSet.available)
  func endOfMemory(set: InstructionSet) throws {
    try withMemoryAtItsEnd(count: 67) { end in
      for (_, kernel) in Self.unaryKernels(try kernels(set).pointee) {
        for count in 0...67 {
          let span = end - count
          span.update(repeating: 0.5, count: count)
          kernel(span, span, count)
        }
      }
    }
  }
}
