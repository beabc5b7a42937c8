import LinAlg
import Testing

@Suite("Matrix views")
struct MatrixViewTests {
  /// `m[i, j] == 10·i + j`
  let m = Matrix<Double>(rows: 4, columns: 5) { i, j in Double(10 * i + j) }

  @Test func blocksRowsAndColumns() {
    #expect(Matrix(m[rows: 1..<3, columns: ..<2]) == [[10, 11], [20, 21]])
    #expect(Matrix(m[rows: 3...]) == [[30, 31, 32, 33, 34]])
    #expect(Matrix(m[columns: 2...2]) == [[2], [12], [22], [32]])
    #expect(Array(m.row(2)) == [20, 21, 22, 23, 24])
    #expect(Array(m.column(3)) == [3, 13, 23, 33])
    #expect(Array(m.diagonal) == [0, 11, 22, 33])
    let elements: [Double] = (0..<20).map { (k: Int) -> Double in Double(k / 5 * 10 + k % 5) }
    #expect(Array(m.flattened) == elements)
    #expect(m[rows: 2..<2, columns: 0..<5].count == 0)
  }

  @Test func viewsOfViews() {
    let block = m[rows: 1..<4, columns: 1..<4]
    #expect(Matrix(block[rows: 1...1, columns: 1...]) == [[22, 23]])
    #expect(Array(block.transposed.row(0)) == [11, 21, 31])
    #expect(Array(block.diagonal) == [11, 22, 33])
    #expect(Array(block.row(0)[elements: 1...]) == [12, 13])
    #expect(
      Matrix(m.row(1)[elements: 0..<4].reshaped(rows: 2, columns: 2)) == [[10, 11], [12, 13]])
    #expect(Matrix(m.column(1).asColumn) == Matrix(m.column(1).asRow.transposed))
  }

  @Test func everyCopyingPathKeepsTheElements() {
    let views: [(MatrixView<Double>, (Int, Int) -> Double)] = [
      (m.view, { Double(10 * $0 + $1) }),
      (m.transposed, { Double(10 * $1 + $0) }),
      (m.stepping(rows: 2), { Double(20 * $0 + $1) }),
      (m.stepping(columns: 2), { Double(10 * $0 + 2 * $1) }),
      (m.stepping(rows: 3, columns: 2).transposed, { Double(30 * $1 + 2 * $0) }),
      (m[rows: 1..<3, columns: 2..<5].transposed, { Double(10 * ($1 + 1) + $0 + 2) }),
    ]
    for (view, expected) in views {
      let want = Matrix<Double>(rows: view.rows, columns: view.columns, expected)
      #expect(Matrix(view) == want)
      #expect(view.elementsEqual(want))
      // Into a block of something larger, row-major, column-major and strided.
      var target = Matrix<Double>.zeros(rows: 20, columns: 20)
      target[rows: 3..<3 + view.rows, columns: 4..<4 + view.columns] = view
      #expect(Matrix(target[rows: 3..<3 + view.rows, columns: 4..<4 + view.columns]) == want)
      #expect(target.sum() == view.sum(), "nothing outside the block was written to")
      target.withMutableView { whole in
        whole.fill(0)
        whole.transposed[rows: 1..<1 + view.rows, columns: 2..<2 + view.columns].update(from: view)
      }
      #expect(
        Matrix(target.transposed[rows: 1..<1 + view.rows, columns: 2..<2 + view.columns]) == want)
    }
  }

  @Test func transposeTwiceIsTheSameView() {
    let t = m.transposed
    #expect(t.rows == 5 && t.columns == 4 && t[4, 3] == m[3, 4])
    #expect(t.transposed == m.view)
  }

  @Test func viewIsAValue() {
    var a: Matrix<Double> = [[1, 2], [3, 4]]
    let view = a.transposed
    a[0, 1] = 99
    #expect(Matrix(view) == [[1, 3], [2, 4]])
    #expect(a == [[1, 99], [3, 4]])
  }

  @Test func writingIntoABlockCopiesNothingWhenUnique() {
    var a = Matrix<Double>.zeros(rows: 4, columns: 4)
    let before = a.withUnsafeBufferPointer { $0.baseAddress }
    BLAS.gemm(
      Matrix<Double>.identity(2), [[1, 2], [3, 4]] as Matrix<Double>,
      into: &a[rows: 1..<3, columns: 2...])
    BLAS.scal(alpha: 10, &a[row: 1])
    BLAS.axpy(alpha: 1, [7.0, 7, 7, 7], into: &a[column: 0])
    a.withMutableView { $0[rows: 3..., columns: 3...].fill(5) }
    a[rows: 0..<1, columns: 0..<2] = ([[8, 9]] as Matrix<Double>).view
    a[rows: ..<1] *= 2
    #expect(a == [[16, 18, 0, 0], [7, 0, 10, 20], [7, 0, 3, 4], [7, 0, 0, 5]])
    #expect(a.withUnsafeBufferPointer { $0.baseAddress } == before)
  }

  @Test func writingIntoABlockLeavesOtherOwnersAlone() {
    var a = Matrix<Double>.zeros(rows: 2, columns: 2)
    let b = a
    a.withMutableView { $0[0, 1] = 1 }
    a[rows: 1..., columns: ..<1] = ([[3]] as Matrix<Double>).view
    BLAS.scal(alpha: 2, &a[column: 1])
    #expect(b == .zeros(rows: 2, columns: 2))
    #expect(a == [[0, 2], [3, 0]])
  }

  @Test func operandAndResultInOneMatrixBehaveAsValues() {
    var a: Matrix<Double> = [[1, 2], [3, 4]]
    let old = a
    BLAS.gemm(a, a, into: &a[rows: 0..., columns: 0...])
    #expect(a == old * old)
  }

  @Test func rowsAndColumnsCanBeReplaced() {
    var a: Matrix<Double> = [[1, 2], [3, 4]]
    a[row: 0] = a[row: 1]
    a[column: 1] = ([7, 8] as Vector).view
    #expect(a == [[3, 7], [3, 8]])
  }

  @Test func splitPartsCanBeReadAndWrittenTogether() {
    var a: Matrix<Double> = [[1, 2], [3, 4], [5, 6]]
    let before = a.withUnsafeBufferPointer { $0.baseAddress }
    a.withMutableView { view in
      view.withSplit(atRow: 2) { upper, lower in
        lower.update(from: upper[rows: 0..<1, columns: 0..<2])
      }
      view.withSplit(atColumn: 1) { left, right in
        right += left
      }
    }
    #expect(a == [[1, 3], [3, 7], [1, 3]])
    #expect(a.withUnsafeBufferPointer { $0.baseAddress } == before)
  }

  @Test func vectorsAreCollections() {
    var v: Vector<Float> = [1, 2, 3, 4]
    let w = v
    v[2] = 9
    v[elements: 0..<2].fill(0)
    #expect(Array(v) == [0, 0, 9, 4] && Array(w) == [1, 2, 3, 4])
    #expect(w.map { $0 * 2 } == [2, 4, 6, 8])
    #expect(w.reversed().first == 4)
    v[elements: 0..<2] = w[elements: 2...]
    #expect(v == [3, 4, 9, 4])
    v[elements: 0..<2].fill(0)
    #expect(v + w == [1, 2, 12, 8] && v - w == [-1, -2, 6, 0])
    #expect((v ∘ w) == [0, 0, 27, 16])
    #expect(-w == [-1, -2, -3, -4])
    #expect(2 * w == [2, 4, 6, 8] && w / 2 == [0.5, 1, 1.5, 2])
    #expect(w.dot(w) == 30 && w.dot([1, 1, 1, 1]) == 10 && w[elements: 3...].norm() == 4)
    v.sort()
    #expect(v == [0, 0, 4, 9])
    #expect(Array(v[elements: 2...]) == [4, 9])
  }

  @Test func outsideTheShapeTraps() async {
    let block = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>.zeros(rows: 2, columns: 3)[rows: 0..<3, columns: 0..<3]
    }
    expectMessage(block, contains: "0..<3", "[2, 3]")
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Matrix<Double>.zeros(rows: 2, columns: 3).row(2)
    }
    expectMessage(row, contains: "row 2", "[2, 3]")
    let column = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      BLAS.scal(alpha: 2, &a[column: 3])
    }
    expectMessage(column, contains: "column 3", "[2, 3]")
    let replacement = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      a[rows: 0..<1] = Matrix<Double>.zeros(rows: 2, columns: 3).view
    }
    expectMessage(replacement, contains: "[2, 3]", "[1, 3]")
    let storage = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MatrixView(
        storage: AlignedStorage<Float>(repeating: 0, count: 11), rows: 3, columns: 4, rowStride: 4)
    }
    expectMessage(storage, contains: "[3, 4]", "11 elements")
  }

  static func exchange(_ a: inout MutableVectorView<Double>, _ b: inout MutableVectorView<Double>) {
    swap(&a, &b)
  }

  /// A view swapped for another one would outlive its own access and write to freed memory.
  @Test func `a view cannot leave its access`() async {
    let whole = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      var b = Matrix<Double>.zeros(rows: 4, columns: 5)
      a.withMutableView { outer in
        b.withMutableView { inner in swap(&outer, &inner) }
        outer[3, 4] = 1
      }
    }
    expectMessage(whole, contains: "access to shape [4, 5]", "of shape [2, 3], in its place")
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      var b = Matrix<Double>.zeros(rows: 4, columns: 5)
      Self.exchange(&a[row: 0], &b[row: 1])
    }
    expectMessage(row, contains: "access to 5 elements", "of 3, in its place")
    let half = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 4, columns: 3)
      a.withMutableView { view in
        view.withSplit(atRow: 2) { upper, lower in swap(&upper, &lower) }
      }
    }
    expectMessage(half, contains: "access to shape [2, 3]")
    let part = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var x = Vector<Double>.zeros(5)
      var y = Vector<Double>.zeros(4)
      Self.exchange(&x[elements: 0..<2], &y[elements: 1..<4])
    }
    expectMessage(part, contains: "access to 3 elements", "of 2, in its place")
  }
}
