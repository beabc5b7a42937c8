import Autodiff

// A history as rows of numbers, for files.
extension TrainingHistory {
  /// The points, one row of ``numbersOfPoint`` each; what is nil is marked as such.
  package var numbersOfPoints: [Double] {
    points.flatMap { point -> [Double] in
      [
        point.epoch, Double(point.update), point.loss.sum, Double(point.loss.count),
        point.validation == nil ? 0 : 1, point.validation ?? 0, point.learningRate,
        point.gradientNorm, point.tokensPerSecond, point.seconds,
        point.secondsLeft == nil ? 0 : 1, point.secondsLeft ?? 0,
      ]
    }
  }

  /// How many numbers a point is.
  package static var numbersOfPoint: Int { 12 }

  /// A history that was kept.
  ///
  /// - Returns: nil where the numbers are none of points.
  package init?(
    points numbers: [Double], losses: [Double], epochs: Double, tokens: Int,
    trainingSeconds: Double
  ) {
    let width = Self.numbersOfPoint
    guard numbers.count % width == 0 else { return nil }
    for start in stride(from: 0, to: numbers.count, by: width) {
      let row = Array(numbers[start..<start + width])
      guard let update = Int(exactly: row[1]), let count = Int(exactly: row[3]),
        update >= 0, count >= 0
      else { return nil }
      points.append(
        Point(
          epoch: row[0], update: update, loss: Loss(sum: row[2], count: count),
          validation: row[4] == 0 ? nil : row[5], learningRate: row[6], gradientNorm: row[7],
          tokensPerSecond: row[8], seconds: row[9], secondsLeft: row[10] == 0 ? nil : row[11]))
    }
    (self.losses, self.epochs, self.tokens) = (losses, epochs, tokens)
    self.trainingSeconds = trainingSeconds
  }
}
