import LinAlg
import Recurrent
import SequenceModels

/// Text like XML, with tags of random letters from a to h: the task of Jozefowicz et al. (2015), with shorter
/// names. With equal chances a new tag is opened, or the last that is open is closed; the text ends when none is.
/// ```
/// <ab><gfe></gfe></ab>
/// ```
/// The score is the share of the characters of closing names, which alone can be known, that are the likeliest in
/// their places.
struct NestedTagsTask: NextCharacterTask {
  let name = "XML"
  let units: Int
  let updates: Int
  /// The most letters of a name.
  let letters: Int
  /// The most tags of a text.
  let tags: Int

  func draw(using generator: inout SeededGenerator) -> (text: [UInt8], asked: [Bool]) {
    var (text, asked, open) = ([UInt8](), [Bool](), [[UInt8]]())
    func write(_ characters: [UInt8], _ isAsked: Bool) {
      text += characters
      asked += characters.map { _ in isAsked }
    }
    var opened = 0
    repeat {
      if open.isEmpty || (opened < tags && Bool.random(using: &generator)) {
        let name = (0..<Int.random(in: 2...letters, using: &generator)).map { _ in
          UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "h"), using: &generator)
        }
        write(Array("<".utf8) + name + Array(">".utf8), false)
        open.append(name)
        opened += 1
      } else {
        write(Array("</".utf8), false)
        write(open.removeLast(), true)
        write(Array(">".utf8), false)
      }
    } while !open.isEmpty
    return (text, asked)
  }
}
