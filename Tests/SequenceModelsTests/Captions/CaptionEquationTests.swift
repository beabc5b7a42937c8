import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

/// The equations, once more as loops over numbers.
@Suite struct CaptionEquationTests {
  /// `W·x + b`.
  private func affine(_ map: Linear<Double>, _ x: [Double]) -> [Double] {
    let (W, b) = (map.parameters.W, map.parameters.b)
    return (0..<W.rows).map { k in
      (0..<W.columns).reduce(b[0, k]) { $0 + W[k, $1] * x[$1] }
    }
  }

  private func matrix(_ model: some Model<Double>, _ name: String) -> Matrix<Double> {
    let parameters = model.parameters
    for i in 0..<parameters.blockCount where parameters.names[i].hasPrefix(name) {
      return parameters[block: i][tensor: 0]
    }
    Issue.record("no part \(name)")
    return Matrix(uninitializedRows: 0, columns: 0)
  }

  private func map(_ model: some Model<Double>, _ name: String, _ x: [Double]) -> [Double] {
    let parameters = model.parameters
    for i in 0..<parameters.blockCount where parameters.names[i].hasPrefix(name) {
      let (W, b) = (parameters[block: i][tensor: 0], parameters[block: i][tensor: 1])
      return (0..<W.rows).map { k in
        (0..<W.columns).reduce(b[0, k]) { $0 + W[k, $1] * x[$1] }
      }
    }
    Issue.record("no part \(name)")
    return []
  }

  @Test(arguments: [1, 3])
  func `regions are two maps of windows and their place`(channels: Int) {
    let model = CaptionSamples.captioner(channels: channels).regions
    let pictures = CaptionSamples.pictures(2, channels: channels)
    let features = model.evaluate(on: Graph()) { $0(pictures, on: $1).value }
    #expect(model.grid.rows == 2 && model.grid.columns == 3 && model.grid.window.side == 3)
    let (rows, columns) = (matrix(model, "rows"), matrix(model, "columns"))
    for n in 0..<2 {
      let picture = pictures.picture(n)
      for (i, j) in (0..<2).flatMap({ i in (0..<3).map { (i, $0) } }) {
        var u: [Double] = []
        for (di, dj) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
          var x: [Double] = []
          for c in 0..<channels {
            for (pi, pj) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
              x.append(Double(picture[c * 20 + (i + di + pi) * 5 + j + dj + pj]) / 2)
            }
          }
          u += map(model, "first", x).map { max($0, 0) }
        }
        let a = map(model, "second", u)
        for f in 0..<model.features {
          let expected = max(a[f], 0) + rows[i, f] + columns[j, f]
          #expect(abs(features[i * 3 + j, n, f] - expected) < 1e-13)
        }
      }
    }
  }

  @Test func `a region sees its own pixels and no others`() {
    var rng = SeededGenerator(seed: 8)
    // Of many features one at least is not cut off by the rectifier.
    let model = CaptionSamples.regions(Double.self, features: 40, using: &rng)
    let pictures = CaptionSamples.pictures(1)
    let before = model.evaluate(on: Graph()) { $0(pictures, on: $1).value }
    for p in 0..<20 {
      var other = pictures
      other.values[p, 0] = (other.values[p, 0] + 1) % 3
      let after = model.evaluate(on: Graph()) { $0(other, on: $1).value }
      for region in 0..<6 {
        let place = model.grid.pixels(ofRegion: region)
        let sees = place.rows.contains(p / 5) && place.columns.contains(p % 5)
        let differs = (0..<40).contains { before[region, 0, $0] != after[region, 0, $0] }
        #expect(sees == differs, "pixel \(p), region \(region), seed 8")
      }
    }
  }

  @Test func `a place in a video is a region of a frame`() {
    var rng = SeededGenerator(seed: 12)
    let regions = CaptionSamples.regions(Double.self, features: 40, using: &rng)
    let model = VideoDescriber(
      .regions, regions: regions, encoder: GRU<Double>(inputSize: 40, hiddenSize: 6, using: &rng),
      vocabularySize: 4, hiddenSize: 3, embeddingSize: 2, using: &rng)
    func places(_ videos: [PixelBatch]) -> SequenceBatch<Double> {
      model.evaluate(on: Graph()) { $0.look(at: VideoBatch(videos), on: $1).values.value }
    }
    let videos = [CaptionSamples.pictures(2, seed: 1), CaptionSamples.pictures(3, seed: 2)]
    let before = places(videos)
    #expect(before.steps == 18 && before.batch == 2)
    for (t, p) in [(0, 0), (1, 7), (2, 19), (0, 12)] {
      var other = videos
      other[1].values[p, t] = (other[1].values[p, t] + 1) % 3
      let after = places(other)
      for place in 0..<18 {
        let pixels = regions.grid.pixels(ofRegion: place % 6)
        // The encoder reads forward: what comes later knows of it.
        let sees =
          place / 6 >= t && pixels.rows.contains(p / 5) && pixels.columns.contains(p % 5)
        let differs = (0..<6).contains { before[place, 1, $0] != after[place, 1, $0] }
        #expect(sees == differs, "frame \(t), pixel \(p), place \(place), seed 12")
        #expect((0..<6).allSatisfy { before[place, 0, $0] == after[place, 0, $0] })
      }
    }
  }

  @Test(arguments: CaptionDecoder<Double>.Glimpse.allCases)
  func `the decoder is the paper's`(glimpse: CaptionDecoder<Double>.Glimpse) {
    let model = CaptionSamples.captioner(glimpse: glimpse)
    let (decoder, H) = (model.decoder, 5)
    let captions = CaptionSamples.frame([[2, 3, 4]])
    let pictures = CaptionSamples.pictures(1)
    let (a, scores, weights) = model.evaluate(on: Graph()) { model, graph in
      let source = model.look(at: pictures, on: graph)
      let pass = model.decoder.pass(captions, source, on: graph)
      return (source.values.value, pass.scores.value, pass.attention.value)
    }
    let L = a.steps
    let places = (0..<L).map { i in (0..<4).map { a[i, 0, $0] } }
    let mean = (0..<4).map { f in places.reduce(0) { $0 + $1[f] } / Double(L) }
    let start = affine(decoder.bridge, mean).map { Double.tanh($0) }
    var (h, c) = (Array(start[..<H]), Array(start[H...]))
    let vector = matrix(decoder, "attention.vector")
    let lstm = decoder.cell.parameters
    let (W, U, b) = (lstm.W, lstm.U, lstm.b)
    func sigma(_ x: Double) -> Double { 1 / (1 + .exp(-x)) }
    for t in 0..<4 {
      let q = map(decoder, "attention.query", h)
      let e = places.map { place in
        zip(q, map(decoder, "attention.key", place)).enumerated().reduce(0) {
          $0 + vector[0, $1.offset] * .tanh($1.element.0 + $1.element.1)
        }
      }
      let total = e.reduce(0) { $0 + .exp($1) }
      let alpha = e.map { .exp($0) / total }
      for i in 0..<L { #expect(abs(weights[t, 0, i] - alpha[i]) < 1e-13) }
      let strongest = alpha.indices.max { alpha[$0] < alpha[$1] } ?? 0
      let beta = sigma(affine(decoder.gate, h)[0])
      let z = (0..<4).map { f in
        glimpse == .mean
          ? beta * (0..<L).reduce(0) { $0 + alpha[$1] * places[$1][f] }
          : beta * places[strongest][f]
      }
      let table = decoder.embedding.parameters.block[tensor: 0]
      let word = (0..<3).map { table[Int(captions.inputs[t, 0]), $0] }
      let x = word + z
      let gates = (0..<4 * H).map { k in
        x.indices.reduce(b[0, k]) { $0 + W[k, $1] * x[$1] }
          + (0..<H).reduce(0) { $0 + U[k, $1] * h[$1] }
      }
      for k in 0..<H {
        c[k] = sigma(gates[H + k]) * c[k] + sigma(gates[k]) * .tanh(gates[2 * H + k])
        h[k] = sigma(gates[3 * H + k]) * .tanh(c[k])
      }
      let sum = zip(word, zip(affine(decoder.stateMap, h), affine(decoder.contextMap, z)))
        .map { $0 + $1.0 + $1.1 }
      let expected = affine(decoder.output, sum)
      for k in 0..<CaptionSamples.words { #expect(abs(scores[t, 0, k] - expected[k]) < 1e-12) }
    }
  }
}
