/// How many rows of weights lie where, for what packs them.
///
/// A block's packs belong to the layout that they were made for: a block that is given to another layer is
/// packed anew for it.
final class PackLayout: @unchecked Sendable {
  // @unchecked Sendable: nothing changes once the plan that fills it is made.

  struct Part: Sendable {
    var weights: Int
    var packed: Int
    var m: Int
    var k: Int
    var blocks: Int
  }

  var parts: [Part] = []
  var size = 0
}
