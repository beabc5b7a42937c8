import CKernels
import Testing

@testable import LinAlg

/// What an activation is called in files, and which kernel computes it.
@Suite struct ActivationFormTests {
  @Test func `every function of the kernels' list is an activation`() {
    let numbers = Set(ActivationDerivativeTests.activations.map(\.form.function.rawValue))
    #expect(numbers == Set(0..<CK_ACTIVATION_COUNT.rawValue))
  }

  @Test(arguments: ActivationDerivativeTests.activations)
  func `a name and its coefficients are the function`(activation: Activation) {
    let form = activation.form
    #expect(Activation(named: form.name, alpha: form.alpha, beta: form.beta) == activation)
  }

  @Test func `coefficients have their usual values, and there is no unknown function`() {
    #expect(Activation(named: "leakyRelu", alpha: nil, beta: nil) == .leakyRelu())
    #expect(Activation(named: "elu", alpha: nil, beta: nil) == .elu())
    #expect(Activation(named: "hardSigmoid", alpha: nil, beta: nil) == .hardSigmoid())
    #expect(Activation(named: "Tanh", alpha: nil, beta: nil) == nil)
  }
}
