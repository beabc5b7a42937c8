import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct OptimizerTests {
  typealias Parameters = LinearParameters<Double>

  static func parameters(_ elements: [Double]) -> Parameters {
    var result = Parameters(inputSize: elements.count - 1, outputSize: 1)
    result.elements = elements
    return result
  }

  /// The gradients of step `t`: different in sign and size from step to step and place to place.
  static func gradient(_ t: Int, _ i: Int) -> Double {
    let (size, scale): (Int, Double) = ((t * 7 + i * 5) % 11 - 5, i % 2 == 0 ? 0.1 : 3)
    return Double(size) * scale
  }

  /// Runs six steps and returns the parameters.
  func run(_ start: [Double], _ make: (Parameters) -> some Optimizer<Parameters>) -> [Double] {
    var parameters = Self.parameters(start)
    var optimizer = make(parameters)
    for t in 0..<6 {
      let gradients = Self.parameters(start.indices.map { Self.gradient(t, $0) })
      optimizer.learningRate = 0.1 / Double(t + 1)
      optimizer.step(&parameters, gradients: gradients)
    }
    #expect(optimizer.stepCount == 6)
    return parameters.elements
  }

  /// More than one register of any width, and a remainder.
  static let start = (0..<37).map { Double($0 % 5) - 1.7 }

  @Test(arguments: [0.0, 0.03])
  func `plain descent`(decay: Double) {
    let expected = Self.start.indices.map { i in
      var x = Self.start[i]
      for t in 0..<6 { x -= 0.1 / Double(t + 1) * (Self.gradient(t, i) + decay * x) }
      return x
    }
    let actual = run(Self.start) { SGD(for: $0, learningRate: 1, weightDecay: decay) }
    #expect(relativeError(actual, expected) < 1e-14)
  }

  @Test(arguments: [false, true], [0.0, 0.03])
  func `descent with momentum`(nesterov: Bool, decay: Double) {
    let expected = Self.start.indices.map { i in
      var (x, v) = (Self.start[i], 0.0)
      for t in 0..<6 {
        let g = Self.gradient(t, i) + decay * x
        v = 0.8 * v + g
        x -= 0.1 / Double(t + 1) * (nesterov ? g + 0.8 * v : v)
      }
      return x
    }
    let actual = run(Self.start) {
      SGD(for: $0, learningRate: 1, momentum: 0.8, nesterov: nesterov, weightDecay: decay)
    }
    #expect(relativeError(actual, expected) < 1e-14)
  }

  @Test(arguments: [WeightDecay?.none, .l2(0.03), .decoupled(0.3)])
  func `Adam in all its forms`(decay: WeightDecay?) {
    let (beta1, beta2, epsilon) = (0.8, 0.95, 1e-6)
    let expected = Self.start.indices.map { i in
      var (x, m, v) = (Self.start[i], 0.0, 0.0)
      var (power1, power2) = (1.0, 1.0)
      for t in 0..<6 {
        let rate = 0.1 / Double(t + 1)
        var g = Self.gradient(t, i)
        if case .l2(let decay) = decay { g += decay * x }
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        power1 *= beta1
        power2 *= beta2
        let direction = m / (1 - power1) / ((v / (1 - power2)).squareRoot() + epsilon)
        if case .decoupled(let decay) = decay { x -= rate * decay * x }
        x -= rate * direction
      }
      return x
    }
    let actual = run(Self.start) {
      Adam(for: $0, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
    }
    #expect(relativeError(actual, expected) < 1e-13)
  }

  @Test func `Adam's first steps by hand`() {
    // The first step is the rate times the gradient's sign, whatever its size. After gradients 1 and
    // −1: m = −0.1·1 + 0.9·0.1 = −0.01, m̂ = −0.01/0.19, v̂ = 1, so the second is +0.1·0.01/0.19.
    var parameters = Self.parameters([1, 2])
    var adam = Adam(for: parameters, learningRate: 0.1, epsilon: 1e-300)
    adam.step(&parameters, gradients: Self.parameters([1, -1e-9]))
    #expect(relativeError(parameters.elements, [0.9, 2.1]) < 1e-15)
    adam.step(&parameters, gradients: Self.parameters([-1, 0]))
    #expect(abs(parameters.elements[0] - (0.9 + 0.001 / 0.19)) < 1e-15)
  }

  @Test func `all blocks of a model are updated, in single precision too`() {
    let model = CharacterModelSamples.lstm(Float.self)
    var (parameters, gradients) = (model.parameters, model.parameters.zeros())
    gradients.fill(with: 0.5)
    var adam = Adam(for: parameters, learningRate: 0.25, epsilon: 1e-30)
    var sgd = SGD(for: parameters, learningRate: 0.25)
    adam.step(&parameters, gradients: gradients)
    let before = model.parameters.elements
    #expect(relativeError(parameters.elements, before.map { $0 - 0.25 }) < 1e-6)
    sgd.step(&parameters, gradients: gradients)
    #expect(relativeError(parameters.elements, before.map { $0 - 0.375 }) < 1e-6)
    #expect(model.parameters.elements == before, "the model shares nothing with its copy")
  }

  /// Enough numbers for a second thread.
  @Test func `any number of threads, the same bits`() {
    var rng = SeededGenerator(seed: 71)
    let start = Self.parameters(randomNumbers(100_003, &rng))
    let gradients = Self.parameters(randomNumbers(100_003, &rng))
    func run(_ optimizer: some Optimizer<Parameters>, threads: Int) -> [Double] {
      var (optimizer, parameters) = (optimizer, start)
      for _ in 0..<2 { optimizer.step(&parameters, gradients: gradients, threads: threads) }
      return parameters.elements
    }
    for threads in 2...3 {
      let adam = Adam(for: start, weightDecay: .decoupled(0.1))
      #expect(run(adam, threads: threads) == run(adam, threads: 1))
      for momentum in [0, 0.9] {
        let sgd = SGD(for: start, learningRate: 0.1, momentum: momentum)
        #expect(run(sgd, threads: threads) == run(sgd, threads: 1))
      }
    }
  }

  @Test func `schedules`() {
    let constant = ConstantRate(0.3)
    #expect((0..<5).allSatisfy { constant.rate(atStep: $0) == 0.3 })
    let cosine = WarmUpCosine(peak: 2, final: 0.5, warmUpSteps: 4, totalSteps: 12)
    let rates = (0..<14).map { cosine.rate(atStep: $0) }
    #expect(Array(rates[..<4]) == [0.5, 1, 1.5, 2])
    #expect(rates[4] == 2)
    #expect(abs(rates[8] - 1.25) < 1e-15, "half way down")
    #expect(abs(rates[6] - (1.25 + 0.75 * 0.5.squareRoot())) < 1e-15)
    #expect(rates[12] == 0.5 && rates[13] == 0.5)
    #expect(zip(rates[4...], rates[5...]).allSatisfy { $0 >= $1 })
    #expect(WarmUpCosine(peak: 1, warmUpSteps: 0, totalSteps: 0).rate(atStep: 0) == 0)
  }

  @Test func `gradients of other shapes trap`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var parameters = OptimizerTests.parameters([1, 2, 3])
      var adam = Adam(for: parameters)
      adam.step(&parameters, gradients: OptimizerTests.parameters([1, 2]))
    }
    #expect(message(result).contains("gradients: W has shape [1, 1], expected [1, 2]"))
    let moments = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var parameters = OptimizerTests.parameters([1, 2, 3])
      var sgd = SGD(for: OptimizerTests.parameters([1, 2]), learningRate: 1, momentum: 0.5)
      sgd.step(&parameters, gradients: parameters)
    }
    #expect(message(moments).contains("the optimizer's velocities"))
  }
}
