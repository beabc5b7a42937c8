import Testing

@testable import LinAlg

@Suite("LAPACK's answers")
struct LinAlgErrorTests {
  @Test func positiveAnswersAreTheMatrixsFault() {
    #expect(failure(0, "getrf") == nil)
    #expect(failure(3, "getrf") == 3)
  }

  @Test func negativeAnswersTrapWithTheRoutine() async {
    let argument = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = failure(-4, "getrf")
    }
    expectMessage(argument, contains: "getrf refused its argument 4")
    let memory = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = failure(-1011, "gesdd")
    }
    expectMessage(memory, contains: "no memory for the workspace of gesdd")
  }

  @Test(arguments: [
    (LinAlgError.singular(pivot: 2), "pivot 2"),
    (.notPositiveDefinite(leadingMinor: 3), "minor of order 3"),
    (.rankDeficient(diagonal: 1), "element 1"),
    (.notConverged(unconverged: 4), "4 elements"),
    (.nonFinite(.rightHandSide, row: 5, column: 6), "right-hand side has a NaN or infinite"),
  ])
  func descriptionsCarryTheCause(error: LinAlgError, text: String) {
    #expect("\(error)".contains(text))
    #expect(!"\(error)".contains("\n"))
  }
}
