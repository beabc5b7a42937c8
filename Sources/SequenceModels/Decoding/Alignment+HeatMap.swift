internal import Charts
import LinAlg

extension Alignment {
  /// The weights as a picture, the text of an SVG file: a row for each step of the target, a column for each of
  /// the source, the darker the more.
  ///
  /// - Parameters:
  ///   - title: its heading.
  ///   - source: what each step of the source is called.
  ///   - target: what each step of the target is called, the end among them where it has a row.
  /// - Precondition: there is a name for each step.
  public func heatMap(
    title: String = "Attention", source: [String], target: [String]
  ) -> String {
    require(
      source.count == sourceCount && target.count == targetCount,
      """
      heatMap: names of \(target.count) and \(source.count) steps for an alignment of \
      \(targetCount) and \(sourceCount)
      """)
    return HeatMap(
      label: title, axes: (row: "target", column: "source"), rows: target, columns: source,
      values: weights, fullScale: 1
    ).svg().document
  }
}
