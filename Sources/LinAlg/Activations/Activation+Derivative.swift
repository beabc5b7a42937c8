// The derivative, from the function's output: twin of Activation+Apply.swift.

extension Activation {
  /// The derivative where the function's value is `y`.
  ///
  /// - Precondition: ``hasDerivativeFromOutput``.
  public func derivative<S: LinAlgScalar>(fromOutput y: S) -> S {
    checkDerivative()
    var d: S = 1
    withUnsafePointer(to: y) { y in
      withUnsafeMutablePointer(to: &d) {
        S.applyDerivative(self, output: y, $0, into: $0, count: 1)
      }
    }
    return d
  }

  /// Replaces `d`, the gradient of the output `y`, by that of the input: `d ← d ∘ f'`. Allocates
  /// nothing.
  ///
  /// - Precondition: the shapes are equal, and ``hasDerivativeFromOutput``.
  public func applyDerivative<S: LinAlgScalar>(
    fromOutput y: borrowing some MatrixOperand<S> & ~Copyable,
    to d: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    checkDerivative()
    y.withUnsafeElements { y in
      d.withUnsafeMutableElements { d in
        checkShapes("Activation.applyDerivative", y, d)
        forEachRun(of: y, d) { y, d, count in
          S.applyDerivative(self, output: y, d, into: d, count: count)
        }
      }
    }
  }

  /// Replaces `d`, the gradient of the output `y`, by that of the input: `d ← d ∘ f'`. Allocates
  /// nothing.
  ///
  /// - Precondition: the counts are equal, and ``hasDerivativeFromOutput``.
  public func applyDerivative<S: LinAlgScalar>(
    fromOutput y: borrowing some VectorOperand<S> & ~Copyable,
    to d: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    checkDerivative()
    y.withUnsafeElements { y in
      d.withUnsafeMutableElements { d in
        require(
          y.count == d.count,
          "Activation.applyDerivative: \(y.count) outputs and \(d.count) gradients")
        forEachRun(of: y.asColumn, d.asColumn) { y, d, count in
          S.applyDerivative(self, output: y, d, into: d, count: count)
        }
      }
    }
  }

  /// Sets `dx[i]` to `dy[i]` times the derivative where the function's value is `y[i]`. `dx` may be
  /// the same memory as `dy` or `y`.
  ///
  /// - Precondition: the counts are equal, and ``hasDerivativeFromOutput``.
  public func applyDerivative<S: LinAlgScalar>(
    fromOutput y: UnsafeBufferPointer<S>, _ dy: UnsafeBufferPointer<S>,
    into dx: UnsafeMutableBufferPointer<S>
  ) {
    checkDerivative()
    require(
      y.count == dy.count && dy.count == dx.count,
      "Activation.applyDerivative: \(y.count) outputs, \(dy.count) gradients, \(dx.count) results")
    guard let y = y.baseAddress, let from = dy.baseAddress, let to = dx.baseAddress else { return }
    S.applyDerivative(self, output: y, from, into: to, count: dx.count)
  }
}
