/// How far one member of a call has come, for another that follows it.
///
/// What was written before a place was reached can be read by those who have waited for it.
package final class StepProgress: Sendable {
  private let place = WaitableCounter()

  /// At 0.
  package init() {}

  /// Goes back to 0, while nobody waits.
  package func restart() { place.add(-place.current) }

  /// Says that `place` is reached; only the member in front calls it.
  package func reach(_ place: Int) {
    let before = self.place.current
    if place > before { self.place.add(place - before) }
  }

  /// Returns when `place` is reached.
  package func wait(for place: Int) {
    var now = self.place.current
    while now < place { now = self.place.wait(whileEqualTo: now) }
  }
}
