import Autodiff
internal import Charts
import LinAlg

extension WordVectors {
  /// Where some tokens lie along the directions in which they differ most, `[n, count]`.
  ///
  /// ```
  /// X − mean = U·S·Vᵀ      result = U·S, its first columns
  /// ```
  /// Principal components (Pearson 1901) by the singular values of the tokens' vectors about their mean. The sign of
  /// a direction is no property of the words; the largest coordinate of each is made positive.
  ///
  /// - Parameters:
  ///   - tokens: whose vectors.
  ///   - count: how many directions; those beyond what the vectors have are zeros.
  /// - Throws: `LinAlgError` where a number is not finite, or the decomposition does not converge.
  /// - Precondition: every token is in `0..<count`, and `count` is not negative.
  public func principalComponents(
    of tokens: [Token], count: Int = 2
  ) throws(LinAlgError) -> Matrix<Scalar> {
    require(count >= 0, "principalComponents: \(count) directions")
    var result = Matrix<Scalar>.zeros(rows: tokens.count, columns: count)
    guard !tokens.isEmpty else { return result }
    var centred = rows(of: tokens)
    let sums = centred.columnSums()
    let mean = Vector(sums.map { $0 / Scalar(tokens.count) })
    for i in tokens.indices {
      for j in 0..<features { centred[i, j] -= mean[j] }
    }
    let decomposition = try SVD(centred)
    for j in 0..<min(count, decomposition.singularValues.count) {
      let column = decomposition.u.column(j)
      let largest = column.max { abs($0) < abs($1) } ?? 0
      let scale = decomposition.singularValues[j] * (largest < 0 ? -1 : 1)
      for i in tokens.indices { result[i, j] = column[i] * scale }
    }
    return result
  }

  /// Two principal components of some symbols as a picture, the text of an SVG file: a point with its name for
  /// each.
  ///
  /// - Parameters:
  ///   - symbols: what is drawn; those that the vocabulary does not have are left out.
  ///   - title: its heading.
  /// - Throws: `LinAlgError` where a number is not finite, or the decomposition does not converge.
  public func picture(
    of symbols: [String], title: String = "Word vectors"
  ) throws(LinAlgError) -> String {
    let tokens = symbols.compactMap { vocabulary.token(of: $0) }
    let places = try principalComponents(of: tokens)
    return ScatterPlot(
      label: title, x: "first principal component", y: "second principal component",
      points: tokens.indices.map { i in
        ScatterPlot.Point(
          name: vocabulary.symbol(of: tokens[i]), x: Double(places[i, 0]), y: Double(places[i, 1]))
      }
    ).svg().document
  }
}
