import LinAlg

/// A scalar type that recurrent cells compute with: `Float` or `Double`.
public protocol RecurrentScalar: LinAlgScalar {}

extension Float: RecurrentScalar {}
extension Double: RecurrentScalar {}
