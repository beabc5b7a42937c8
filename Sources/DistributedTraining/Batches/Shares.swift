#if Distributed
  /// Which sequences each of `count` shares has, in the order of their numbers: about equally many steps.
  ///
  /// The longest sequence first, each goes to the share that has the fewest steps so far (Graham 1969: at most
  /// 4/3 of the best possible). Equal ones in the order of their numbers, so that everybody divides alike.
  package func shares(of steps: [Int], _ count: Int) -> [[Int]] {
    var result = [[Int]](repeating: [], count: count)
    var totals = [Int](repeating: 0, count: count)
    let order = steps.indices.sorted { (steps[$1], $0) < (steps[$0], $1) }
    for sequence in order {
      var least = 0
      // Of equally many steps, that with fewer sequences: empty ones cost something, too.
      for k in 1..<max(count, 1)
      where (totals[k], result[k].count) < (totals[least], result[least].count) { least = k }
      result[least].append(sequence)
      totals[least] += steps[sequence]
    }
    return result.map { $0.sorted() }
  }

  /// The largest ranges of `0..<2ⁿ` that are whole subtrees of its halving and fill `range`, in order.
  package func subtrees(of range: Range<Int>) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for leaf in range {
      result.append(leaf..<leaf + 1)
      while result.count > 1, areHalves(result[result.count - 2], result[result.count - 1]) {
        let last = result.removeLast()
        result[result.count - 1] = result[result.count - 1].lowerBound..<last.upperBound
      }
    }
    return result
  }

  /// Whether two ranges are the halves of one.
  func areHalves(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    a.count == b.count && a.upperBound == b.lowerBound && a.lowerBound % (2 * a.count) == 0
  }

  /// Which of `groups` groups rank `rank` of `size` has.
  func groups(ofRank rank: Int, of size: Int, _ groups: Int) -> Range<Int> {
    rank * groups / size..<(rank + 1) * groups / size
  }
#endif
