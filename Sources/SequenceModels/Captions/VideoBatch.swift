import Autodiff
import LinAlg

/// Videos of one size, of any number of frames each.
public struct VideoBatch: Sendable, Equatable {
  /// All frames as pictures: picture `t·N + n` is frame `t` of video `n`, zeros behind the last one of a
  /// video.
  public let frames: PixelBatch
  /// How many frames each video has.
  public let lengths: [Int]

  /// `N`, the number of videos.
  public var count: Int { lengths.count }
  /// `T`, the number of frames of the longest.
  public var steps: Int { lengths.max() ?? 0 }

  /// Videos, each from its frames one after the other.
  ///
  /// - Precondition: there is a video, each has a frame, and all frames have the same size.
  public init(_ videos: [PixelBatch]) {
    guard let first = videos.first else { failRequirement("VideoBatch: no videos") }
    for (n, video) in videos.enumerated() {
      require(
        video.count > 0 && video.height == first.height && video.width == first.width
          && video.channels == first.channels,
        """
        VideoBatch: video \(n) has \(video.count) frames of \(video.height) × \(video.width) \
        pixels with \(video.channels) channels, the first \(first.height) × \(first.width) with \
        \(first.channels)
        """)
    }
    let lengths = videos.map(\.count)
    let (T, N) = (lengths.max() ?? 0, videos.count)
    var values = TokenBatch(repeating: 0, steps: first.values.steps, batch: T * N)
    for (n, video) in videos.enumerated() {
      for k in 0..<values.steps {
        for t in 0..<video.count { values[k, t * N + n] = video.values[k, t] }
      }
    }
    frames = PixelBatch(
      height: first.height, width: first.width, channels: first.channels, values: values)
    self.lengths = lengths
  }
}
