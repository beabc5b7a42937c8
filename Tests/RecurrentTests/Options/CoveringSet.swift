import LinAlg

/// Rows of levels in which every pair of levels of two factors occurs, fewer than all combinations: each
/// row is the best of some random ones that contain a pair that is still missing.
func coveringSet(_ levels: [Int], seed: UInt64) -> [[Int]] {
  struct Pair: Hashable {
    var first: Int, firstLevel: Int, second: Int, secondLevel: Int
  }
  func pairs(_ row: [Int]) -> [Pair] {
    row.indices.flatMap { i in
      (i + 1..<row.count).map { j in
        Pair(first: i, firstLevel: row[i], second: j, secondLevel: row[j])
      }
    }
  }
  var missing: Set<Pair> = []
  for i in levels.indices {
    for j in i + 1..<levels.count {
      for a in 0..<levels[i] {
        for b in 0..<levels[j] {
          missing.insert(Pair(first: i, firstLevel: a, second: j, secondLevel: b))
        }
      }
    }
  }
  var (rng, rows) = (SeededGenerator(seed: seed), [[Int]]())
  while let pair = missing.min(by: {
    ($0.first, $0.second, $0.firstLevel, $0.secondLevel)
      < ($1.first, $1.second, $1.firstLevel, $1.secondLevel)
  }) {
    var best: (row: [Int], gain: Int) = ([], -1)
    for _ in 0..<50 {
      var row = levels.map { Int.random(in: 0..<$0, using: &rng) }
      row[pair.first] = pair.firstLevel
      row[pair.second] = pair.secondLevel
      let gain = pairs(row).filter(missing.contains).count
      if gain > best.gain { best = (row, gain) }
    }
    missing.subtract(pairs(best.row))
    rows.append(best.row)
  }
  return rows
}
