/// The values of a graph in a run, by their places.
final class Frame {
  var values: [OnnxTensor?]
  init(_ values: [OnnxTensor?]) { self.values = values }
}

/// The inputs of a node in a run.
struct Inputs {
  private let frame: Frame
  private let places: [Int?]

  init(_ frame: Frame, _ places: [Int?]) { (self.frame, self.places) = (frame, places) }

  init(_ tensors: [OnnxTensor?]) { self.init(Frame(tensors), Array(tensors.indices)) }

  var count: Int { places.count }

  /// An input that the node was checked to have.
  subscript(place: Int) -> OnnxTensor {
    get throws(OnnxError) {
      guard let tensor = optional(place) else {
        throw OnnxError(.invalid, "input \(place) is missing")
      }
      return tensor
    }
  }

  /// An input that may be absent.
  func optional(_ place: Int) -> OnnxTensor? {
    guard place < places.count, let value = places[place] else { return nil }
    return frame.values[value]
  }

  /// Some inputs, none of which may be absent.
  func tensors(_ places: Range<Int>) throws(OnnxError) -> [OnnxTensor] {
    var result: [OnnxTensor] = []
    for place in places { result.append(try self[place]) }
    return result
  }

  /// How many elements all inputs have.
  var elementCount: Int {
    var count = 0
    for i in 0..<places.count { count += optional(i)?.count ?? 0 }
    return count
  }
}
