import Autodiff
import LinAlg
import SequenceModels
import Testing

@Suite struct WordVectorTests {
  /// Gender and rank as two features, and a word apart from them.
  static let royals = WordVectors<Double>(
    vocabulary: Vocabulary(["man", "woman", "king", "queen", "apple"]),
    vectors: [[3, 0, 1], [-3, 0, 1], [3, 3, 1], [-3, 3, 1], [0.1, -2, -5]])

  /// The cosine of two rows, by its definition.
  static func cosine(_ x: [Double], _ y: [Double]) -> Double {
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
  }

  @Test func `neighbors are those of the definition`() throws {
    var rng = SeededGenerator(seed: 5)
    let vectors = WordVectors<Double>(
      vocabulary: Vocabulary((0..<150).map { "w\($0)" }),
      vectors: .uniform(rows: 150, columns: 9, in: -1..<1, using: &rng))
    let rows = (0..<150).map { Array(vectors.vectors.row($0)) }
    let neighbors = WordNeighbors(vectors)
    let found = neighbors.nearest(to: (0..<150).map { Token($0) }, count: 4)
    for i in 0..<150 {
      let wanted = (0..<150).filter { $0 != i }
        .sorted { Self.cosine(rows[i], rows[$0]) > Self.cosine(rows[i], rows[$1]) }.prefix(4)
      #expect(found[i].map { Int($0.token) } == Array(wanted))
      for neighbor in found[i] {
        let cosine = Self.cosine(rows[i], rows[Int(neighbor.token)])
        #expect(abs(neighbor.similarity - cosine) < 1e-12)
        #expect(neighbor.symbol == "w\(neighbor.token)")
      }
    }
    // A vector of one's own has its word as the nearest, at any length.
    let own = neighbors.nearest(to: vectors.rows(of: [7, 3]) * 5, count: 1)
    #expect(own.map { $0.map(\.symbol) } == [["w7"], ["w3"]])
    #expect(neighbors.nearest(to: "w0", count: 1000)?.count == 149)
    #expect(neighbors.nearest(to: "w0", count: 0) == [])
    #expect(neighbors.nearest(to: "absent", count: 1) == nil)
  }

  @Test(arguments: WordNeighbors<Double>.AnalogyRule.allCases)
  func `analogies are those of the definition`(rule: WordNeighbors<Double>.AnalogyRule) throws {
    let neighbors = WordNeighbors(Self.royals)
    let king = neighbors.answers(to: [WordAnalogy(0, isTo: 2, as: 1)], by: rule)
    #expect(king.map { $0.map(\.symbol) } == [["queen"]])
    let rows = (0..<5).map { Array(Self.royals.vectors.row($0)) }
    var analogies: [WordAnalogy] = []
    for a in 0..<5 {
      for b in 0..<5 { analogies.append(WordAnalogy(Token(a), isTo: Token(b), as: 3)) }
    }
    for (question, found) in zip(analogies, neighbors.answers(to: analogies, by: rule, count: 5)) {
      let excluded = Set([question.a, question.b, question.c])
      #expect(Set(found.map(\.token)) == Set(0..<5).subtracting(excluded))
      #expect(found.map(\.similarity) == found.map(\.similarity).sorted(by: >))
      for answer in found {
        func cosine(_ token: Token) -> Double {
          Self.cosine(rows[Int(answer.token)], rows[Int(token)])
        }
        let (a, b, c) = (cosine(question.a), cosine(question.b), cosine(question.c))
        let wanted =
          rule == .sum
          ? b - a + c : (1 + b) / 2 * (1 + c) / 2 / ((1 + a) / 2 + 0.001)
        #expect(abs(answer.similarity - wanted) < 1e-12 * max(1, abs(wanted)))
      }
    }
  }

  @Test func `a zero vector is near nothing and no number is lost`() {
    let vectors = WordVectors<Float>(
      vocabulary: Vocabulary(["a", "b", "c"]), vectors: [[0, 0], [1, 0], [1, 1]])
    let found = WordNeighbors(vectors).nearest(to: "a", count: 2)
    #expect(found?.map(\.similarity) == [0, 0])
    #expect(found?.map(\.symbol) == ["b", "c"])
  }

  @Test func `an embedding starts with the vectors`() {
    let vocabulary = Vocabulary(["queen", "pear", "man"], special: [.padding])
    let embedding = Embedding(wordVectors: Self.royals, vocabulary: vocabulary)
    let mean = (0..<3).map { j in (0..<5).reduce(0) { $0 + Self.royals.vectors[$1, j] } / 5 }
    let wanted = [mean, [-3, 3, 1], mean, [3, 0, 1]]
    for (i, row) in wanted.enumerated() {
      for j in 0..<3 { #expect(abs(embedding.parameters.W[i, j] - row[j]) < 1e-15) }
    }
  }

  @Test func `principal components are those of the covariance`() throws {
    var rng = SeededGenerator(seed: 8)
    let vectors = WordVectors<Double>(
      vocabulary: Vocabulary((0..<20).map { "w\($0)" }),
      vectors: .uniform(rows: 20, columns: 6, in: -1..<1, using: &rng))
    let tokens: [Token] = [1, 3, 5, 7, 11, 13, 17, 19, 2]
    let places = try vectors.principalComponents(of: tokens, count: 3)
    // Along each component the variance is an eigenvalue of the covariance; components are orthogonal.
    var centred = vectors.rows(of: tokens)
    let sums = centred.columnSums()
    for i in 0..<9 { for j in 0..<6 { centred[i, j] -= sums[j] / 9 } }
    let eigenvalues = try SymmetricEigen(centred.transposed * centred).eigenvalues.sorted(by: >)
    let gram = places.transposed * places
    for i in 0..<3 {
      for j in 0..<3 { #expect(abs(gram[i, j] - (i == j ? eigenvalues[i] : 0)) < 1e-12) }
      let largest = places.column(i).max { abs($0) < abs($1) } ?? 0
      #expect(largest > 0)
    }
    let few = try vectors.principalComponents(of: [4], count: 2)
    #expect(few == [[0, 0]])
    #expect(try vectors.principalComponents(of: []).rows == 0)
  }

  @Test func `the picture names its points`() throws {
    let picture = try Self.royals.picture(of: ["man", "king", "emperor", "apple"], title: "A & B")
    #expect(picture.hasPrefix("<svg xmlns="))
    #expect(picture.contains(">man</text>") && picture.contains("<title>king: "))
    #expect(!picture.contains("emperor") && picture.contains("A &amp; B"))
    #expect(picture.ranges(of: "<circle ").count == 3)
  }

  @Test func `wrong shapes and tokens trap`() async {
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordVectors<Float>(
        vocabulary: Vocabulary(["a", "b"]), vectors: .zeros(rows: 3, columns: 2))
    }
    #expect(message(shape).contains("vectors of shape [3, 2] for a vocabulary of 2"))
    let token = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordNeighbors(WordVectorTests.royals).nearest(to: [5], count: 1)
    }
    #expect(message(token).contains("token 5 is outside the vocabulary of 5"))
    let width = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordNeighbors(WordVectorTests.royals).nearest(to: .zeros(rows: 1, columns: 2), count: 1)
    }
    #expect(message(width).contains("vectors of 2 features, expected 3"))
  }
}
