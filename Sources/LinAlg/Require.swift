/// Traps with `message` unless `condition` holds.
///
/// What `precondition` is for, except that a release build keeps the message: the engine is run
/// optimised, and a trap on wrong shapes that does not tell the shapes is a debugging session.
/// Accesses to single elements check themselves and make the text in a function of its own, so that a
/// loop over them carries none of it.
@inlinable
@inline(__always)
package func require(
  _ condition: Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition { failRequirement(message(), file, line) }
}

@inline(never)
@usableFromInline
package func failRequirement(
  _ message: String, _ file: StaticString = #fileID, _ line: UInt = #line
) -> Never {
  fatalError(message, file: file, line: line)
}
