import ArgumentParser
import ModelFiles

/// A name, or the beginning of names, that becomes another: `--map OLD=NEW`.
struct Renaming: ExpressibleByArgument, Equatable {
  var old: String
  var new: String

  init(old: String, new: String) { (self.old, self.new) = (old, new) }

  init?(argument: String) {
    guard let place = argument.firstIndex(of: "=") else { return nil }
    old = String(argument[..<place])
    new = String(argument[argument.index(after: place)...])
  }

  /// The new name of a tensor; nil where this is not about it.
  ///
  /// Beginnings are whole parts, which end with a point or a slash; the empty one begins all names.
  func applied(to name: String) -> String? {
    if name == old { return new }
    guard old.isEmpty || old.hasSuffix(".") || old.hasSuffix("/"), name.hasPrefix(old) else {
      return nil
    }
    return new + name.dropFirst(old.count)
  }
}

extension TensorFile {
  /// The same tensors under other names; of several renamings that are about a name, the first counts.
  ///
  /// - Throws: ``ToolError`` (exit 65) where a renaming is about no tensor, and where two get one name.
  func renamed(_ renamings: [Renaming], path: String) throws(ToolError) -> TensorFile {
    guard !renamings.isEmpty else { return self }
    var result = TensorFile([], metadata: metadata)
    var used = Set<Int>()
    for tensor in tensors {
      var name = tensor.name
      for (i, renaming) in renamings.enumerated() {
        guard let new = renaming.applied(to: tensor.name) else { continue }
        name = new
        used.insert(i)
        break
      }
      guard result[name] == nil else {
        throw .data("\(path): --map: two tensors would be called '\(name)'")
      }
      result.append(tensor.named(name))
    }
    for (i, renaming) in renamings.enumerated() where !used.contains(i) {
      throw .data("\(path): --map: no tensor is called '\(renaming.old)' or begins so")
    }
    return result
  }
}
