import Foundation

/// Pieces of a page.
package enum HTML {
  /// A list of names and what they are.
  package static func facts(_ facts: [(name: String, value: String)]) -> String {
    let items = facts.map {
      "<div><dt>\(Markup.escape($0.name))</dt><dd>\(Markup.escape($0.value))</dd></div>"
    }
    return "<dl>\(items.joined())</dl>"
  }

  /// What the colours of a picture mean: the class of each and its name.
  package static func legend(_ entries: [(style: String, name: String)]) -> String {
    let items = entries.map {
      "<span><i class=\"\($0.style)\"></i>\(Markup.escape($0.name))</span>"
    }
    return "<p class=\"legend\">\(items.joined())</p>"
  }

  /// What the marks of a picture mean.
  package static func legend(_ entries: [(mark: SVG.Mark, name: String)]) -> String {
    let items = entries.map { entry in
      var svg = SVG(width: 14, height: 14, label: entry.name)
      svg.mark(entry.mark, 7, 7, size: 5, class: "mark c-plain", title: entry.name)
      return "<span>\(svg.markup)\(Markup.escape(entry.name))</span>"
    }
    return "<p class=\"legend\">\(items.joined())</p>"
  }

  /// A picture with a text below it.
  package static func figure(_ svg: SVG, _ caption: String) -> String {
    "<figure>\(svg.markup)<figcaption>\(Markup.escape(caption))</figcaption></figure>"
  }

  /// A PNG file as part of the page, its pixels as squares, with a text below it.
  package static func figure(png: Data, width: Int, _ caption: String) -> String {
    let text = Markup.escape(caption)
    return "<figure><img width=\"\(width)\" alt=\"\(text)\" style=\"image-rendering: pixelated\" "
      + "src=\"data:image/png;base64,\(png.base64EncodedString())\">"
      + "<figcaption>\(text)</figcaption></figure>"
  }

  /// Lines of text as they are, with a text below them.
  package static func figure(text: [String], _ caption: String) -> String {
    let lines = text.map { Markup.escape($0) }.joined(separator: "\n")
    return "<figure><pre>\(lines)</pre><figcaption>\(Markup.escape(caption))</figcaption></figure>"
  }

  /// A table whose rows come in groups; a rule stands above each group.
  package static func table(titles: [String], groups: [[[String]]]) -> String {
    var html = "<div class=\"scroll\"><table><thead><tr>"
    html += titles.map { "<th>\(Markup.escape($0))</th>" }.joined() + "</tr></thead><tbody>\n"
    for group in groups {
      for (index, cells) in group.enumerated() {
        html += index == 0 ? "<tr class=\"first\">" : "<tr>"
        html += cells.map { "<td>\(Markup.escape($0))</td>" }.joined() + "</tr>\n"
      }
    }
    return html + "</tbody></table></div>"
  }

  /// Notes below a table.
  package static func list(_ notes: [String]) -> String {
    "<ul>\(notes.map { "<li>\(Markup.escape($0))</li>" }.joined())</ul>"
  }
}
