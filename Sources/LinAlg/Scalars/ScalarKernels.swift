package import CKernels

/// The C kernels of one scalar type, for the instruction set that runs in this process.
///
/// The tables of all scalar types are of one C type, whose kernels take untyped pointers: this type says
/// which scalars they point to, and nobody else can make one.
public struct ScalarKernels<Scalar>: @unchecked Sendable {
  // @unchecked Sendable: the table is a constant of the program.
  package let table: UnsafePointer<ck_kernels>
}

extension ScalarKernels<Float> {
  /// The kernels in single precision.
  init(_ set: ck_instruction_set) { table = set.f32 }
}

extension ScalarKernels<Double> {
  /// The kernels in double precision.
  init(_ set: ck_instruction_set) { table = set.f64 }
}
