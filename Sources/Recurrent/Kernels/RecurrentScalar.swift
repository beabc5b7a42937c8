import LinAlg

/// A scalar type that recurrent cells compute with: `Float` or `Double`.
///
/// It asks for nothing beyond `LinAlgScalar`: it says that the type's table of kernels has those of cells,
/// products with packed weights and programs, which a type that only stores numbers need not have.
public protocol RecurrentScalar: LinAlgScalar {}

extension Float: RecurrentScalar {}
extension Double: RecurrentScalar {}
