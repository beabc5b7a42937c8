/// A day, and the forms that people write it in.
struct WrittenDate: Hashable {
  var year: Int
  var month: Int
  var day: Int

  /// Every day of the hundred years that a year of two digits stands for here, 1950 to 2049.
  static var all: [WrittenDate] {
    (1950...2049).flatMap { year in
      (1...12).flatMap { month in
        (1...length(ofMonth: month, year)).map { WrittenDate(year: year, month: month, day: $0) }
      }
    }
  }

  private static func length(ofMonth month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// `2026-11-22` (ISO 8601).
  var iso: String { "\(year)-\(two(month))-\(two(day))" }

  /// How many forms there are.
  static let formCount = 20

  /// The day in form `0..<formCount`.
  func written(_ form: Int) -> String {
    let name = Self.months[month - 1]
    let short = String(name.prefix(3))
    let weekday = Self.weekdays[self.weekday]
    let (dd, mm, yy) = (two(day), two(month), two(year % 100))
    switch form {
    case 0: return "\(day) \(name) \(year)"
    case 1: return "\(day) \(short) \(year)"
    case 2: return "\(name) \(day), \(year)"
    case 3: return "\(short) \(day), \(year)"
    case 4: return "\(short). \(day) \(year)"
    case 5: return "\(ordinal) \(name) \(year)"
    case 6: return "\(name) \(ordinal), \(year)"
    case 7: return "the \(ordinal) of \(name) \(year)"
    case 8: return "\(dd).\(mm).\(year)"
    case 9: return "\(day).\(month).\(yy)"
    case 10: return "\(mm)/\(dd)/\(year)"
    case 11: return "\(month)/\(day)/\(yy)"
    case 12: return "\(dd)-\(short)-\(year)"
    case 13: return "\(dd)-\(short.uppercased())-\(yy)"
    case 14: return "\(weekday), \(name) \(day), \(year)"
    case 15: return "\(weekday) \(day) \(name) \(year)"
    case 16: return "\(weekday.prefix(3)), \(dd) \(short) \(year)"
    case 17: return "\(year)年\(month)月\(day)日"
    case 18: return "\(year)\(mm)\(dd)"
    default: return "\(year)/\(month)/\(day)"
    }
  }

  private var ordinal: String {
    switch (day / 10, day % 10) {
    case (1, _): "\(day)th"
    case (_, 1): "\(day)st"
    case (_, 2): "\(day)nd"
    case (_, 3): "\(day)rd"
    default: "\(day)th"
    }
  }

  /// Counted from Sunday (Sakamoto's congruence of the Gregorian calendar).
  private var weekday: Int {
    let y = month < 3 ? year - 1 : year
    let offset = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1]
    return (y + y / 4 - y / 100 + y / 400 + offset + day) % 7
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]
}

/// Two digits.
private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
