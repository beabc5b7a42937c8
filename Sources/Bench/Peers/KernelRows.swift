import CMachineProbe
import Recurrent

/// What the gate times besides layers: every kernel, and the yardstick.
enum KernelRows {
  /// The name of ``Yardstick`` among the rows.
  static let yardstick = "yardstick"

  static let names = KernelProbe.all.map(\.name) + [yardstick]

  /// Sets a row up with fresh operands; the closure runs it that many times.
  static func make(_ name: String) throws(PeerError) -> (Int) -> Void {
    if name == yardstick { return { _ = machine_probe_fma($0 * Yardstick.iterations) } }
    guard let recipe = KernelProbe.all.first(where: { $0.name == name }) else {
      throw .badRequest("'row' is '\(name)', which 'rows' does not name")
    }
    let probe = recipe.make()
    return { probe.call(count: $0) }
  }
}
