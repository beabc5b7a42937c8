import Testing

@testable import ModelFiles

@Suite struct HalfPrecisionTests {
  /// The number of half precision with these bits, in double precision: the definition.
  func defined(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 0x3FF))
    let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * (1 + fraction / 1024)
        * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }

  @Test func `every half is what its definition says, and comes back`() {
    for bits in UInt16.min ... .max {
      let value = HalfPrecision.float(half: bits)
      let wanted = defined(bits)
      if wanted.isNaN {
        #expect(value.isNaN)
        // Made quiet; the sign and the rest of the payload stay.
        #expect(HalfPrecision.half(value) == bits | 0x200)
      } else {
        #expect(Double(value) == wanted && (value.sign == .minus) == (bits & 0x8000 != 0))
        #expect(HalfPrecision.half(value) == bits)
      }
    }
  }

  @Test func `what lies between two halves goes to the nearest, ties to even`() {
    for bits in UInt16(0)..<0x7BFF {
      let (low, high) = (defined(bits), defined(bits + 1))
      let middle = Float((low + high) / 2)
      #expect(Double(middle) == (low + high) / 2)
      #expect(HalfPrecision.half(middle) == (bits % 2 == 0 ? bits : bits + 1))
      #expect(HalfPrecision.half(middle.nextDown) == bits)
      #expect(HalfPrecision.half(middle.nextUp) == bits + 1)
      #expect(HalfPrecision.half(-middle.nextUp) == (bits + 1) | 0x8000)
    }
    #expect(HalfPrecision.half(Float(65520).nextDown) == 0x7BFF)
    #expect(HalfPrecision.half(65520) == 0x7C00)
    #expect(HalfPrecision.half(-.greatestFiniteMagnitude) == 0xFC00)
    #expect(HalfPrecision.half(.leastNonzeroMagnitude) == 0)
  }

  @Test func `bfloat16 is the upper half, rounded`() {
    for bits in UInt16.min ... .max {
      let value = HalfPrecision.float(bfloat: bits)
      #expect(value.bitPattern == UInt32(bits) << 16)
      #expect(HalfPrecision.bfloat(value) == (value.isNaN ? bits | 0x40 : bits))
    }
    #expect(HalfPrecision.bfloat(Float(bitPattern: 0x3F80_8000)) == 0x3F80)
    #expect(HalfPrecision.bfloat(Float(bitPattern: 0x3F80_8001)) == 0x3F81)
    #expect(HalfPrecision.bfloat(Float(bitPattern: 0x3F81_8000)) == 0x3F82)
    #expect(HalfPrecision.bfloat(.greatestFiniteMagnitude) == 0x7F80)
  }

  @Test func `doubles are rounded to half precisions once`() throws {
    // Rounded to single precision first, this becomes a tie and then goes down.
    let value = 1 + 0x1p-11 + 0x1p-40
    let half = Tensor("x", shape: [2], [value, -value], as: .float16)
    #expect(try half.bytes() == [0x01, 0x3C, 0x01, 0xBC])
    let bfloat = Tensor(
      "x", shape: [2], [1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-8 - 0x1p-40], as: .bfloat16)
    #expect(try bfloat.bytes() == [0x81, 0x3F, 0x80, 0x3F])
  }
}
