import Foundation

/// Names of countries and languages in English and French, from `iso-codes`: 8,102 pairs, of which 69 %
/// differ by case at most.
///
/// Those of ISO 3166-1, 639-2, 639-3 and 639-5 that have a translation, both of at most 40 characters of
/// Latin-1; of a name that stands in several lists the first.
struct TranslatedNames {
  struct Pair: Hashable {
    var english: String
    var french: String

    /// Whether the two are the same but for case: such a name is to be copied.
    var isSame: Bool { english.lowercased() == french.lowercased() }
  }

  var pairs: [Pair] = []

  static let lists = ["3166-1", "639-2", "639-3", "639-5"]
  static let maximumLength = 40

  init(_ folder: DataFolder) throws(DataError) {
    var seen: Set<String> = []
    for list in Self.lists {
      let catalog = try MessageCatalog(folder, "names/iso_\(list).fr.mo")
      for english in try Self.names(folder, list) {
        guard let french = catalog.translations[english], Self.isShort(english),
          Self.isShort(french), seen.insert(english).inserted
        else { continue }
        pairs.append(Pair(english: english, french: french))
      }
    }
  }

  /// The names of a list, `{"LIST": [{"name": …}, …]}`, in its order.
  private static func names(_ folder: DataFolder, _ list: String) throws(DataError) -> [String] {
    struct Entry: Decodable { var name: String }
    let file = "names/iso_\(list).json"
    let bytes = try folder.bytes(file)
    do {
      let lists = try JSONDecoder().decode([String: [Entry]].self, from: Data(bytes))
      guard let entries = lists[list] else {
        throw DataError(folder, file, "no list '\(list)'")
      }
      return entries.map(\.name)
    } catch let error as DataError {
      throw error
    } catch {
      throw DataError(folder, file, "not a list of names: \(error)")
    }
  }

  private static func isShort(_ text: String) -> Bool {
    text.unicodeScalars.count <= maximumLength && text.unicodeScalars.allSatisfy { $0.value < 256 }
  }
}
