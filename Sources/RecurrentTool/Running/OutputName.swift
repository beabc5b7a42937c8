/// What a model calls an output, as the name of a file.
enum OutputName {
  /// `NAME.npy`, which is no path and not hidden: every byte but letters, digits and `_`, `-`, `.` within is
  /// written as `%` and two hexadecimal digits, so that no two outputs have one file.
  static func file(_ name: String) -> String {
    var result = ""
    for (i, byte) in name.utf8.enumerated() {
      let character = Character(UnicodeScalar(byte))
      let isPlain =
        byte < 0x80
        && (character.isLetter || character.isNumber || "_-".contains(character)
          || (character == "." && i > 0))
      if isPlain {
        result.append(character)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += (digits.count == 1 ? "%0" : "%") + digits
      }
    }
    return (result.isEmpty ? "%" : result) + ".npy"
  }
}
