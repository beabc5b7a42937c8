/// How many rows of weights lie where, for what packs them.
///
/// A block's packs belong to the layout that they were made for: a block that is given to another layer is
/// packed anew for it.
final class PackLayout: @unchecked Sendable {
  // @unchecked Sendable: nothing changes once the plan that fills it is made.

  struct Part: Sendable {
    var weights: Int
    var packed: PackPlace
    var m: Int
    var k: Int
    var blocks: Int
  }

  var parts: [Part] = []
  /// Behind the last part.
  var size = PackPlace()
}

/// A place in a pack, by what lies before it: elements of the matrices, and whole panels' columns, each of
/// which some formats keep a scale for.
struct PackPlace: BitwiseCopyable {
  var elements = 0
  var columns = 0

  /// Behind a matrix that is `k` deep and has `columns` columns in whole panels.
  static func + (place: PackPlace, pack: (k: Int, columns: Int)) -> PackPlace {
    PackPlace(
      elements: place.elements + pack.k * pack.columns, columns: place.columns + pack.columns)
  }
}
