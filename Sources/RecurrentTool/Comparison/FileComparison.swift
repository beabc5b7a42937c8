import Charts
import ModelFiles

/// What comparing two files, or folders of them, has found.
struct FileComparison {
  /// Two arrays that belong together.
  struct Row {
    var name: String
    var shape: [Int]
    var types: (String, String)
    var difference: ArrayDifference
  }

  /// The arrays whose numbers are not all the same.
  var rows: [Row] = []
  /// Arrays of two shapes, one line each.
  var misshaped: [String] = []
  /// Arrays and files that one side alone has, one line each.
  var unpaired: [String] = []
  /// How many arrays were compared.
  var count = 0

  /// Whether something differs by more than is allowed.
  var differs: Bool {
    !misshaped.isEmpty || !unpaired.isEmpty || rows.contains { $0.difference.differing > 0 }
  }

  /// Compares what is in two files of tensors, by name; two single ones whatever they are called.
  ///
  /// - Parameter name: what stands before the names of arrays.
  mutating func add(
    _ a: TensorFile, _ b: TensorFile, paths: (String, String), name: String, _ tolerance: Tolerance,
    _ progress: Progress
  ) throws(ToolError) {
    let isSingle = a.tensors.count == 1 && b.tensors.count == 1
    // An .npy file does not say what its array is called.
    let file = name.isEmpty ? paths.0.split(separator: "/").last.map(String.init) ?? "" : name
    func full(_ own: String) -> String {
      isSingle ? file : name.isEmpty ? own : "\(name): \(own)"
    }
    for (i, tensor) in a.tensors.enumerated() {
      progress.show("comparing array", i, of: a.tensors.count)
      guard let other = isSingle ? b.tensors[0] : b[tensor.name] else {
        unpaired.append("\(full(tensor.name)): only in \(paths.0)")
        continue
      }
      count += 1
      guard tensor.shape == other.shape else {
        misshaped.append(
          "\(full(tensor.name)): shape \(tensor.shape) in \(paths.0), \(other.shape) in \(paths.1)")
        continue
      }
      do {
        let difference = try ArrayDifference(tensor, other, tolerance)
        guard difference.place != nil else { continue }
        rows.append(
          Row(
            name: full(tensor.name), shape: tensor.shape,
            types: (tensor.elementType.rawValue, other.elementType.rawValue),
            difference: difference))
      } catch {
        throw ToolError(error)
      }
    }
    for tensor in b.tensors where !isSingle && a[tensor.name] == nil {
      unpaired.append("\(full(tensor.name)): only in \(paths.1)")
    }
  }

  /// The comparison as people read it.
  var lines: [String] {
    var lines: [String] = []
    if !rows.isEmpty {
      let table = TextTable(
        columns: [
          .init(title: "array", alignment: .left), .init(title: "type", alignment: .left),
          .init(title: "differ"), .init(title: "of"), .init(title: "largest"),
          .init(title: "at", alignment: .left), .init(title: "A"), .init(title: "B"),
        ],
        rows: rows.map { row in
          let difference = row.difference
          return [
            Printable.name(row.name),
            row.types.0 == row.types.1 ? row.types.0 : "\(row.types.0), \(row.types.1)",
            String(difference.differing), String(row.shape.reduce(1, *)),
            difference.largest.isFinite ? Format.shortest(difference.largest) : "∞",
            Self.index(difference.place ?? 0, row.shape),
            Self.number(difference.values.0, row.types.0),
            Self.number(difference.values.1, row.types.1),
          ]
        })
      lines += table.lines() + [""]
    }
    lines += (misshaped + unpaired).map { Printable.line($0) }
    let different = rows.count { $0.difference.differing > 0 }
    let near = rows.count - different
    var parts = ["\(count - rows.count - misshaped.count) the same"]
    if near > 0 { parts.append("\(near) within the tolerance") }
    if different > 0 { parts.append("\(different) different") }
    if !misshaped.isEmpty { parts.append("\(misshaped.count) of other shapes") }
    if !unpaired.isEmpty { parts.append("\(unpaired.count) on one side alone") }
    let total = count + unpaired.count
    lines.append("\(total) array\(total == 1 ? "" : "s"): \(parts.joined(separator: ", "))")
    return lines
  }

  /// A number with as many digits as tell it from its neighbours of the type.
  static func number(_ value: Double, _ type: String) -> String {
    switch ElementType(rawValue: type) {
    case .float64: "\(value)"
    case .float32, .float16, .bfloat16: "\(Float(value))"
    default: Int(exactly: value).map(String.init) ?? "\(value)"
    }
  }

  /// The place of an element: `[3, 0, 2]`.
  static func index(_ place: Int, _ shape: [Int]) -> String {
    var rest = place
    var index: [Int] = []
    for extent in shape.reversed() {
      index.append(rest % max(extent, 1))
      rest /= max(extent, 1)
    }
    return "\(Array(index.reversed()))"
  }
}
