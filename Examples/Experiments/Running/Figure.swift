import Foundation
import Pictures
import SequenceModels

/// Something to look at in a report.
enum Figure: Equatable {
  /// Curves over a common axis.
  case lines(LineFigure)
  /// Numbers of 0 to 1 in rows and columns, such as alignments.
  case heatMap(HeatMapFigure)
  /// A picture of pixels.
  case picture(PictureFigure)
  /// Lines of text, such as samples.
  case text(title: String, lines: [String])
}

/// Curves over a common axis.
struct LineFigure: Equatable, Codable {
  struct Series: Equatable, Codable {
    var name: String
    var x: [Double]
    var y: [Double]
  }

  var title: String
  var x: String
  var y: String
  var hasLogarithmicX = false
  var hasLogarithmicY = false
  var series: [Series]
}

/// Numbers of 0 to 1 in rows and columns.
struct HeatMapFigure: Equatable, Codable {
  var title: String
  /// What a row is.
  var rowAxis: String
  /// What a column is.
  var columnAxis: String
  /// What stands at the rows, from the top.
  var rows: [String]
  var columns: [String]
  /// Row by row.
  var values: [[Double]]
}

/// A picture of pixels.
struct PictureFigure: Equatable, Codable {
  var title: String
  /// How wide it is, in pixels of its own.
  var width: Int
  /// A PNG file.
  var png: Data
}

extension Figure {
  /// Pictures side by side, each pixel a square that can be seen.
  ///
  /// - Throws: where they cannot be encoded.
  static func sheet(
    _ title: String, _ pictures: PixelBatch, levels: Int, columns: Int = 12
  ) throws -> Figure {
    let sheet = Picture(sheetOf: pictures, levels: levels, columns: columns, scale: 6, gap: 4)
    return .picture(
      PictureFigure(title: title, width: sheet.width, png: Data(try sheet.png())))
  }
}
