import Testing

/// Expects that `result`, of an exit test that observed standard error, has a message with all of
/// `fragments`.
func expectMessage(
  _ result: ExitTest.Result?, contains fragments: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  for fragment in fragments {
    #expect(
      message.contains(fragment), "no '\(fragment)' in: \(message)", sourceLocation: sourceLocation)
  }
}
