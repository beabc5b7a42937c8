import LinAlg
import Testing

@Suite("Matrix")
struct MatrixTests {
  @Test func literalHasItsRows() {
    let m: Matrix<Float> = [[1, 2, 3], [4, 5, 6]]
    #expect(m.rows == 2 && m.columns == 3 && m.count == 6)
    #expect(m[0, 2] == 3 && m[1, 0] == 4)
    #expect(m.rowArrays == [[1, 2, 3], [4, 5, 6]])
    let none: Matrix<Float> = []
    #expect(none.rows == 0 && none.columns == 0)
  }

  @Test func raggedRowsTrapAndNameTheRow() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>(rows: [[1, 2], [3, 4], [5]])
    }
    expectMessage(result, contains: "row 2 has 1 elements", "row 0 has 2")
  }

  @Test func impossibleShapesTrapWithTheShape() async {
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>.zeros(rows: -1, columns: 3)
    }
    expectMessage(negative, contains: "[-1, 3]")
    let huge = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>(uninitializedRows: 1 << 40, columns: 1 << 40)
    }
    expectMessage(huge, contains: "[1099511627776, 1099511627776]")
    let few = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 3])
    }
    expectMessage(few, contains: "3 elements", "[2, 2]")
  }

  @Test func writesInPlaceAndCopiesWhatIsShared() {
    var m: Matrix<Double> = [[1, 2], [3, 4]]
    let copy = m
    m[1, 0] += 10
    m[0, 1] *= 3
    #expect(m.elements == [1, 6, 13, 4])
    #expect(copy.elements == [1, 2, 3, 4])
    #expect(Matrix<Float>.zeros(rows: 0, columns: 3).elements.isEmpty)
  }

  @Test func indexOutsideTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>.zeros(rows: 2, columns: 3)[0, 3]
    }
    // An optimised build traps without a text, to keep element access small.
    #if DEBUG
      expectMessage(result, contains: "[0, 3]", "[2, 3]")
    #else
      _ = result
    #endif
  }

  @Test func identityAndDiagonal() {
    #expect(Matrix<Double>.identity(2) == [[1, 0], [0, 1]])
    #expect(Matrix<Double>.diagonal([3, 4, 5]) == [[3, 0, 0], [0, 4, 0], [0, 0, 5]])
    #expect(Matrix<Double>.identity(0).count == 0)
  }

  @Test func storageIsAligned() {
    for count in [1, 3, 17, 1000] {
      Matrix<Float>.zeros(rows: 1, columns: count).withUnsafeBufferPointer {
        #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0)
      }
    }
  }

  @Test func copyIsIndependentAndSharesUntilWrittenTo() {
    var a: Matrix<Float> = [[1, 2], [3, 4]]
    let b = a
    #expect(address(a) == address(b))
    a[0, 0] = 9
    #expect(address(a) != address(b))
    #expect(b == [[1, 2], [3, 4]] && a == [[9, 2], [3, 4]])
    let before = address(a)
    a[1, 1] = 7
    a.withUnsafeMutableBufferPointer { $0[1] = 5 }
    a *= 2
    #expect(address(a) == before, "the only owner must write in place")
    #expect(a == [[18, 10], [6, 14]])
  }

  @Test func reshapedSharesStorage() {
    let a: Matrix<Float> = [[1, 2, 3], [4, 5, 6]]
    let b = a.reshaped(rows: 3, columns: 2)
    #expect(b == [[1, 2], [3, 4], [5, 6]])
    #expect(address(a) == address(b))
  }

  @Test func arithmeticIsElementwise() {
    let a: Matrix<Double> = [[1, 2], [3, 4]]
    let b: Matrix<Double> = [[10, 20], [30, 40]]
    #expect(a + b == [[11, 22], [33, 44]])
    #expect(b - a == [[9, 18], [27, 36]])
    #expect(a ∘ b == [[10, 40], [90, 160]])
    #expect(-a == [[-1, -2], [-3, -4]])
    #expect(2 * a == [[2, 4], [6, 8]] && a * 2 == 2 * a)
    #expect(b / 10 == a)
    #expect(a.map { $0 * $0 } == [[1, 4], [9, 16]])
    #expect(a.map { Float($0) } == ([[1, 2], [3, 4]] as Matrix<Float>))
    #expect(a + b.transposed == [[11, 32], [23, 44]])
    var c = a
    c += b
    c -= a.transposed
    c ∘= a
    c /= 2
    #expect(c == [[5, 19], [46.5, 80]])
  }

  @Test func productsAreLinearAlgebra() {
    let a: Matrix<Double> = [[1, 2, 3], [4, 5, 6]]
    #expect(a * a.transposed == [[14, 32], [32, 77]])
    #expect(a.transposed * a == [[17, 22, 27], [22, 29, 36], [27, 36, 45]])
    #expect(a * ([1, 0, -1] as Vector<Double>) == [-2, -2])
    #expect(a * [1.0, 0, -1] == [-2, -2])
  }

  @Test func differingShapesTrapWithBoth() async {
    let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>.zeros(rows: 2, columns: 3) + Matrix<Double>.zeros(rows: 3, columns: 2)
    }
    expectMessage(sum, contains: "[2, 3]", "[3, 2]")
    let update = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      a += Matrix<Double>.zeros(rows: 4, columns: 5)
    }
    expectMessage(update, contains: "[2, 3]", "[4, 5]")
  }

  @Test func reductions() {
    let a: Matrix<Double> = [[1, -2, 3], [-4, 5, 6]]
    for v in [
      a.view, Matrix(a.transposed).transposed,
      Matrix<Double>(rows: [[1, 0, -2, 0, 3, 0], [-4, 0, 5, 0, 6, 0]]).stepping(columns: 2),
    ] {
      #expect(v.sum() == 9)
      #expect(v.mean() == 1.5)
      #expect(v.rowSums() == [2, 7])
      #expect(v.columnSums() == [-3, 3, 9])
      #expect(v.max() == 6 && v.min() == -4)
      #expect(v.trace() == 6)
      #expect(v.oneNorm() == 9)
      #expect(v.infinityNorm() == 15)
      #expect(abs(v.frobeniusNorm() - 91.squareRoot()) < 1e-14)
      #expect(v.firstNonFinite() == nil)
    }
    let empty = Matrix<Double>.zeros(rows: 0, columns: 3)
    #expect(empty.sum() == 0 && empty.max() == nil && empty.min() == nil && empty.mean().isNaN)
    #expect(empty.oneNorm() == 0 && empty.infinityNorm() == 0 && empty.frobeniusNorm() == 0)
  }

  @Test func reductionsPropagateNaN() {
    for position in 0..<3 {
      var a: Matrix<Double> = [[1, 2, 3]]
      a[0, position] = .nan
      #expect(a.sum().isNaN && a.oneNorm().isNaN && a.infinityNorm().isNaN)
      #expect(a.max()?.isNaN == true && a.min()?.isNaN == true && a.frobeniusNorm().isNaN)
      #expect(a.firstNonFinite().map { [$0.row, $0.column] } == [0, position])
    }
  }

  @Test func frobeniusNormDoesNotOverflow() {
    let a = Matrix<Float>(repeating: 1e30, rows: 3, columns: 3)
    #expect(abs(a.frobeniusNorm() / 3e30 - 1) < 4 * Float.ulpOfOne)
    #expect(a.stepping(columns: 2).frobeniusNorm().isFinite)
  }

  @Test func finiteSumOverflowIsNotANonFiniteElement() {
    let a = Matrix<Double>(repeating: .greatestFiniteMagnitude, rows: 2, columns: 2)
    #expect(a.firstNonFinite() == nil)
  }
}

private func address(_ m: Matrix<Float>) -> UnsafePointer<Float>? {
  m.withUnsafeBufferPointer { $0.baseAddress }
}
