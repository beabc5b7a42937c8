import ArgumentParser
import ModelFiles

/// What floating-point numbers are stored as: `--type`.
enum NumberType: String, CaseIterable, ExpressibleByArgument {
  case f64, f32, f16, bf16

  var elementType: ElementType {
    switch self {
    case .f64: .float64
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    }
  }
}

extension TensorFile {
  /// The same tensors, all floating-point numbers of one type, rounded to the nearest.
  ///
  /// - Returns: the tensors, and those of them in which finite numbers became infinite.
  func converted(
    to type: NumberType, progress: Progress
  ) throws(ToolError) -> (file: TensorFile, overflowed: [String]) {
    var result = TensorFile([], metadata: metadata)
    var overflowed: [String] = []
    for (i, tensor) in tensors.enumerated() {
      progress.show("converting tensor", i, of: tensors.count)
      guard tensor.elementType.isFloatingPoint, tensor.elementType != type.elementType else {
        result.append(tensor)
        continue
      }
      do throws(ModelFileError) {
        let new = try tensor.converted(to: type.elementType)
        if try new.faults().infinities > tensor.faults().infinities {
          overflowed.append(tensor.name)
        }
        result.append(new)
      } catch {
        throw ToolError(error)
      }
    }
    return (result, overflowed)
  }
}
