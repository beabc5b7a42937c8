import LinAlg

/// How word vectors are learned: the methods of Mikolov et al. (2013), and what is the same in all of them.
public struct WordVectorOptions: Sendable, Hashable {
  /// What predicts what.
  public enum Model: Sendable, Hashable, CaseIterable {
    /// Each neighbour predicts the word: an example for each pair of them.
    case skipGram
    /// The mean of all neighbours predicts the word (CBOW): an example for each word, which learns faster
    /// and of rare words less.
    case continuousBag
  }

  /// How the probability of the predicted word is modelled.
  public enum Output: Sendable, Hashable {
    /// The word is told from this many that are drawn as noise: `−log σ(h·u[word]) − Σ log σ(−h·u[noise])`.
    /// A noise word that is the word itself is left out. 5 to 20 suit small corpora, 2 to 5 large ones.
    case negativeSampling(Int)
    /// A tree of decisions, Huffman's, so that there are few for frequent words (Morin & Bengio 2005).
    case hierarchicalSoftmax
    /// `−log softmax(h·Uᵀ)[word]`: the reference, whose cost for an example is that of the whole matrix.
    case fullSoftmax
  }

  /// Who learns at the same time.
  public enum Threads: Sendable, Hashable {
    /// One thread: the same bits for the same seed, on every run.
    case one
    /// As many threads as that, or as there are processors where it is nil, on the same rows without locks
    /// (Niu et al. 2011): an update may be lost where two threads meet on a row, so that no two runs are the
    /// same. With few threads and many words that is as rare as it is harmless.
    case shared(Int? = nil)
  }

  /// What predicts what.
  public var model: Model
  /// How the probability of the predicted word is modelled.
  public var output: Output
  /// `D`, the number of features of a word.
  public var features = 100
  /// How many neighbours count on either side, at most.
  public var window = 5
  /// Whether each word's window is drawn evenly from 1 to ``window``, so that near neighbours count more.
  public var hasDynamicWindow = true
  /// `t`: a word that is the share `f` of the corpus is kept with probability `√(t/f) + t/f`, where that is
  /// below 1; nil keeps all.
  public var subsampling: Double? = 1e-3
  /// Noise words are drawn in proportion to their count to this power.
  public var noiseExponent = 0.75
  /// How often the corpus is read.
  public var epochs = 5
  /// The rate of the first update, from which it falls linearly with the words that were read.
  public var rate = 0.025
  /// The rate at the end.
  public var finalRate = 0.0001
  /// Where random numbers start.
  public var seed: UInt64 = 1
  /// Who learns at the same time.
  public var threads = Threads.one

  /// The usual settings of a method.
  public init(_ model: Model = .skipGram, _ output: Output = .negativeSampling(5)) {
    self.model = model
    self.output = output
  }

  /// Traps where a setting makes no sense.
  func check() {
    if case .negativeSampling(let count) = output {
      require(count > 0, "WordVectorOptions: \(count) noise words, expected one at least")
    }
    require(features > 0, "WordVectorOptions: \(features) features")
    require(
      window > 0 && window <= 1 << 20, "WordVectorOptions: a window of \(window), expected 1 to 2²⁰"
    )
    require(
      subsampling ?? 1 > 0, "WordVectorOptions: subsampling \(subsampling ?? 0), expected above 0")
    require(noiseExponent.isFinite, "WordVectorOptions: noise exponent \(noiseExponent)")
    require(epochs >= 0, "WordVectorOptions: \(epochs) epochs")
    require(
      rate.isFinite && finalRate.isFinite && rate >= 0 && finalRate >= 0,
      "WordVectorOptions: rates \(rate) to \(finalRate)")
    if case .shared(let count?) = threads {
      require(count > 0, "WordVectorOptions: \(count) threads")
    }
  }
}
