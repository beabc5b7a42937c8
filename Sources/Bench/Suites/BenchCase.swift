/// A recurrent cell that is measured.
enum CellKind: String, CaseIterable, Codable, Sendable {
  /// Long short-term memory with a forget gate.
  case lstm
  /// Gated recurrent unit, reset after the product (cuDNN's and PyTorch's).
  case gru
  /// Elman's simple recurrent network with tanh.
  case rnn

  /// `G`, the number of gates: rows of `W` and `U` per hidden unit.
  var gates: Int {
    switch self {
    case .lstm: 4
    case .gru: 3
    case .rnn: 1
    }
  }
}

/// What of a layer's work is measured.
enum Mode: String, CaseIterable, Codable, Sendable {
  /// The forward pass alone, nothing kept for a backward pass.
  case inference
  /// The forward pass that records its tape.
  case forward
  /// Recorded forward pass and backward pass, with every gradient.
  case training

  /// Whether the backward pass is part of it.
  var includesBackward: Bool { self == .training }
}

/// One thing that is measured: a cell in a mode at a shape, where sequences may end before others.
struct BenchCase: Hashable, Codable, Sendable, CustomStringConvertible {
  var cell: CellKind
  var mode: Mode
  var shape: Shape
  /// How sequences get their lengths; nil where all have `T` steps.
  var lengths: LengthRule? = nil

  var description: String {
    "\(cell.rawValue) \(mode.rawValue) \(shape)" + (lengths.map { " \($0.rawValue)" } ?? "")
  }

  /// The floating-point operations of the matrix products: `2·T·N·G·H·(D+H)` forward, and twice as
  /// many again backward, of all steps. The pointwise part is not counted, as is usual.
  var flops: Double { Self.flops(cell, mode, shape) }

  static func flops(_ cell: CellKind, _ mode: Mode, _ shape: Shape) -> Double {
    let (T, N, D, H) = (
      Double(shape.T), Double(shape.N), Double(shape.D), Double(shape.H)
    )
    let forward = 2 * T * N * Double(cell.gates) * H * (D + H)
    return mode.includesBackward ? 3 * forward : forward
  }

  /// One step of one sequence.
  var tokens: Double { Double(shape.T) * Double(shape.N) }

  /// The bytes that a call moves when the recurrent weights are read anew at each step (they often
  /// fit no cache that they would survive in) and everything else is read or written once. This is
  /// the denominator of the roofline plot's arithmetic intensity.
  var streamedBytes: Double {
    let (T, N, D, H) = (
      Double(shape.T), Double(shape.N), Double(shape.D), Double(shape.H)
    )
    let G = Double(cell.gates)
    let recurrent = T * G * H * H
    let input = G * H * D
    var scalars = recurrent + input + T * N * (D + H)
    if mode != .inference { scalars += T * N * G * H }
    if mode.includesBackward {
      scalars += recurrent + 2 * input + G * H * H + 2 * T * N * G * H + 2 * T * N * (D + H)
    }
    return 4 * scalars
  }
}
