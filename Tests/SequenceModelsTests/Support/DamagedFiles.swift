import Foundation
import LinAlg

/// Changes, removes or inserts one to three bytes of a file, or cuts it, at random.
///
/// - Parameter signs: what is inserted: bytes that mean something in the format.
func damageFile(
  at path: String, inserting signs: [UInt8], using rng: inout SeededGenerator
) throws {
  var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
  for _ in 0..<Int.random(in: 1...3, using: &rng) {
    let place = Int.random(in: 0..<bytes.count, using: &rng)
    switch Int.random(in: 0..<4, using: &rng) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &rng)
    case 1: bytes.remove(at: place)
    case 2: bytes.insert(signs.randomElement(using: &rng) ?? 0, at: place)
    default: bytes = bytes.prefix(place) + [10]
    }
  }
  try bytes.write(to: URL(fileURLWithPath: path))
}
