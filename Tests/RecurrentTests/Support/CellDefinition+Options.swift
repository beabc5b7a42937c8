import LinAlg
import Recurrent

// The cells of the literature, as the options make them.
extension CellDefinition {
  private static func made(by options: some LayerOptions) -> CellDefinition {
    do {
      return try options.definition()
    } catch {
      preconditionFailure("\(options): \(error)")
    }
  }

  private static func lstm(_ change: (inout LSTMOptions) -> Void) -> CellDefinition {
    var options = LSTMOptions()
    change(&options)
    return made(by: options)
  }

  static func lstm() -> CellDefinition { lstm { _ in } }
  static var lstmWithoutInputGate: CellDefinition { lstm { $0.inputGate = .open } }
  static var lstmWithoutForgetGate: CellDefinition { lstm { $0.forgetGate = nil } }
  static var lstmWithoutOutputGate: CellDefinition { lstm { $0.outputGate = nil } }
  static func coupledLSTM() -> CellDefinition { lstm { $0.inputGate = .coupled } }
  static func peepholeLSTM() -> CellDefinition { lstm { $0.memory = .diagonal() } }
  /// To as many units as the cell has, unless the layer says otherwise.
  static func projectedLSTM() -> CellDefinition { lstm { $0.projection = 1 } }

  static func elman(activation: GateActivation = .tanh) -> CellDefinition {
    made(by: RNNOptions(activation: activation))
  }

  static var gruResetAfter: CellDefinition { made(by: GRUOptions()) }
  static var gruResetBefore: CellDefinition { made(by: GRUOptions(candidate: .resetBefore)) }
  static var gruLectureNotes: CellDefinition { made(by: GRUOptions(candidate: .lectureNotes)) }
}
