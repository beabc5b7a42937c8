import CAllocationCounter
import LinAlg
import Testing

/// Matrices, vectors, views and buffers as arguments.
@Suite("Activation operands")
struct ActivationOperandTests {
  static func matrix(_ rows: Int, _ columns: Int) -> Matrix<Float> {
    Matrix(rows: rows, columns: columns) { i, j in Float(i * 3 - j * 2) * 0.21 + 0.05 }
  }

  @Test("matrices and their views")
  func matrices() {
    let x = Self.matrix(5, 9)
    let y = Activation.tanh(x)
    let turned = Activation.tanh(x.transposed)
    for i in 0..<5 {
      for j in 0..<9 {
        let one = Activation.tanh(x[i, j])
        #expect(y[i, j] == one && turned[j, i] == one)
      }
    }
    var z = x
    Activation.tanh.apply(to: &z)
    #expect(z == y)
    let empty = Activation.tanh(Matrix<Float>.zeros(rows: 0, columns: 4))
    #expect(empty.rows == 0 && empty.columns == 4)
  }

  @Test("a block changes alone")
  func blocks() {
    let x = Self.matrix(6, 8)
    var z = x
    Activation.sigmoid.apply(to: &z[rows: 1..<4, columns: 2..<7])
    for i in 0..<6 {
      for j in 0..<8 {
        let inside = (1..<4).contains(i) && (2..<7).contains(j)
        #expect(z[i, j] == (inside ? Activation.sigmoid(x[i, j]) : x[i, j]))
      }
    }
  }

  @Test("vectors and arrays")
  func vectors() {
    let x: Vector<Double> = [-1, 0, 2.5]
    #expect(Array(Activation.relu(x)) == [0, 0, 2.5])
    var array: [Float] = [-2, 4]
    Activation.leakyRelu(alpha: 0.5).apply(to: &array)
    #expect(array == [-1, 4])
    var d: [Float] = [10, 10]
    Activation.leakyRelu(alpha: 0.5).applyDerivative(fromOutput: array, to: &d)
    #expect(d == [5, 10])
    let column = Activation.sigmoid(Self.matrix(7, 3).column(1))
    #expect(column[2] == Activation.sigmoid(Self.matrix(7, 3)[2, 1]))
    #expect(Array(Vector<Double>([1, 0]).log()) == [0, -Double.infinity])
  }

  @Test("buffers")
  func buffers() {
    let x = [Float](repeating: 0.25, count: 11)
    var y = [Float](repeating: 0, count: 11)
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { Activation.exp.apply(x, into: $0) }
    }
    #expect(y.allSatisfy { $0 == Activation.exp(Float(0.25)) })
    let d = y.withUnsafeMutableBufferPointer { y in
      let old = y[3]
      x.withUnsafeBufferPointer { dy in
        Activation.exp.applyDerivative(fromOutput: UnsafeBufferPointer(y), dy, into: y)
      }
      return (old, y[3])
    }
    #expect(d.1 == d.0 * 0.25)
  }

  @Test("derivatives of views whose rows are not neighbours", arguments: RowActivation.allCases)
  func transposedRows(activation: RowActivation) {
    let x = Self.matrix(4, 6)
    let y = activation(Matrix(x.transposed))
    #expect(activation(x.transposed) == y)
    var d = Self.matrix(6, 4)
    var sameThroughView = Matrix(d.transposed)
    activation.applyDerivative(fromOutput: y, to: &d)
    sameThroughView.withMutableView { view in
      activation.applyDerivative(fromOutput: y, to: &view.transposed)
    }
    #expect(Matrix(sameThroughView.transposed) == d)
  }

  @Test("in place allocates nothing", .enabled(if: allocation_counter_is_available()))
  func allocations() {
    var x = Self.matrix(16, 40)
    var d = x
    func allocated(_ body: () -> Void) -> UInt64 {
      body()
      let before = allocation_counter_thread_value()
      body()
      return allocation_counter_thread_value() - before
    }
    #expect(allocated { _ = Matrix<Float>.zeros(rows: 3, columns: 3) } > 0)
    let count = allocated {
      Activation.tanh.apply(to: &x)
      Activation.tanh.applyDerivative(fromOutput: x, to: &d)
      RowActivation.softmax.apply(to: &x)
      RowActivation.softmax.applyDerivative(fromOutput: x, to: &d)
    }
    #expect(count == 0)
  }

  @Test("wrong shapes trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      var d = Matrix<Float>.zeros(rows: 2, columns: 3)
      Activation.tanh.applyDerivative(fromOutput: Matrix<Float>.zeros(rows: 3, columns: 2), to: &d)
    }
    await #expect(processExitsWith: .failure) {
      var d = Matrix<Float>.zeros(rows: 2, columns: 3)
      RowActivation.softmax.applyDerivative(
        fromOutput: Matrix<Float>.zeros(rows: 3, columns: 3), to: &d)
    }
    await #expect(processExitsWith: .failure) {
      var d: [Float] = [1, 2]
      Activation.elu(alpha: -1).applyDerivative(fromOutput: [0.5, 0.5], to: &d)
    }
  }
}
