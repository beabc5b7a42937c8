import Testing

@testable import Bench

/// How contestants share the time of a row.
struct RoundPlanTests {
  @Test func fastCallsAreTimedManyAtATime() {
    let plan = RoundPlan.make(callSeconds: [1.1e-6], minTime: 0.12, rounds: 12)
    #expect(plan.parts[0].callsPerSample == 455)
    #expect(plan.parts[0].samplesPerRound == 19)
    #expect(plan.parts[0].rounds == 12)
  }

  @Test func slowCallsTakePartInFewerRounds() {
    let plan = RoundPlan.make(
      callSeconds: [0.001, 0.2, 5, 60], minTime: 0.306, rounds: 12)
    #expect(plan.parts.map(\.callsPerSample) == [1, 1, 1, 1])
    #expect(plan.parts.map(\.rounds) == [12, 6, 3, 2])
    #expect(plan.parts[0].samplesPerRound == 25)
    #expect(plan.parts[1].samplesPerRound == 1)
  }

  @Test(arguments: [1, 2, 3, 5, 7, 11, 12])
  func takingPartIsSpreadOverTheRounds(_ share: Int) {
    let part = RoundPlan.Part(callsPerSample: 1, samplesPerRound: 1, rounds: share)
    let plan = RoundPlan(rounds: 12, parts: [part])
    let taken = (0..<12).filter { plan.takesPart(0, inRound: $0) }
    #expect(taken.count == share)
    let gaps = zip(taken.dropFirst(), taken).map { $0 - $1 }
    #expect((gaps.max() ?? 0) - (gaps.min() ?? 0) <= 1)
  }

  @Test func theOrderRotates() {
    let plan = RoundPlan.make(callSeconds: [1, 1, 1], minTime: 1, rounds: 4)
    let orders = (0..<3).map { plan.order(inRound: $0) }
    #expect(orders == [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
  }

  @Test func everySampleIsTaken() {
    var calls = [0, 0]
    let subjects = [
      TimedSubject(call: { calls[0] += 1 }), TimedSubject(call: { calls[1] += 1 }),
    ]
    let plan = RoundPlan(
      rounds: 4,
      parts: [
        RoundPlan.Part(callsPerSample: 3, samplesPerRound: 2, rounds: 4),
        RoundPlan.Part(callsPerSample: 1, samplesPerRound: 1, rounds: 2),
      ])
    let samples = RoundRunner.run(plan, subjects)
    #expect(calls == [24, 2])
    #expect(samples.map { $0.rounds.map(\.count) } == [[2, 2, 2, 2], [0, 1, 0, 1]])
  }

  @Test func speedupsArePairedByRound() {
    let engine = RoundSamples(rounds: [[1, 1, 9], [2, 2], []])
    let naive = RoundSamples(rounds: [[10], [20], [30]])
    #expect(engine.speedups(over: naive) == [10, 10])
  }
}
