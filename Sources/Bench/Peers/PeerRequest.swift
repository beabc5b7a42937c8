import Foundation
import Recurrent

/// What the comparison with other libraries asks of a contestant's process: one JSON object a line.
///
/// ```
/// {"request": "hello"}
/// {"request": "load", "cell": "lstm", "mode": "training", "T": 25, "N": 1, "D": 64, "H": 64,
///  "threads": 1, "data": "case.f32"}
/// {"request": "load", "cell": "gru", "mode": "inference", "T": 3, "N": 2, "D": 8, "H": 8,
///  "threads": 1, "data": "case.f32", "lengths": [3, 1]}
/// {"request": "load", "row": "lstm_forward f32 N16 H128"}
/// {"request": "rows"}
/// {"request": "results", "path": "results.f32"}
/// {"request": "time", "warmUp": 2, "callsPerSample": 4, "samples": 10}
/// {"request": "memory"}
/// {"request": "window"}
/// {"request": "unload"}
/// ```
/// Every contestant speaks it, whatever it is written in; the end of the input ends the process. `rows`,
/// `load` of a row, of a layer that is no plain cell or without a file, and `clock` are this engine's alone:
/// what `Bench check` asks of two revisions. So is `"weights": "int8"` of a `load` with data, or another
/// ``WeightFormat``, which goes with inference.
enum PeerRequest: Equatable {
  /// Who are you?
  case hello
  /// Sets a layer up; what was loaded before goes.
  case load(PeerCase)
  /// Sets up one of the ``rows``.
  case loadRow(String)
  /// What can be timed besides layers, by name: the kernels, and the yardstick.
  case rows
  /// Calls the layer once and writes what it computed.
  case results(path: String)
  /// Times calls of the layer.
  case time(PeerTiming)
  /// Reports the largest resident size so far.
  case memory
  /// Measures how many instructions the core holds in flight, see ``InstructionWindow``.
  case window
  /// Frees the layer.
  case unload
}

/// One layer at work: what `load` names.
struct PeerCase: Equatable {
  var item: LayerCase
  var threads: Int
  /// The file of weights and inputs, see ``PeerData``; without one they are drawn.
  var data: String?
  /// How many steps each sequence has, where there is a file; nil means all.
  var lengths: [Int]?
  /// What the weights are kept in, in inference; nil for single precision.
  var weights: WeightFormat?
}

/// How many calls are timed.
struct PeerTiming: Equatable {
  /// Calls before the first sample.
  var warmUp: Int
  /// Calls of one sample, timed together.
  var callsPerSample: Int
  var samples: Int
  var clock = Stopwatch.Clock.wall

  static let mostCalls = 1_000_000
  static let mostSamples = 100_000
}

/// Why a request cannot be served; the process goes on.
enum PeerError: Error, Equatable {
  /// The line is no request, or one with a value out of its range.
  case badRequest(String)
  /// The request needs a layer, and none is loaded.
  case nothingLoaded(request: String)
  /// A file of numbers cannot be read or is not what the case needs.
  case badData(String)
  /// The results cannot be written.
  case cannotWrite(String)

  var message: String {
    switch self {
    case .badRequest(let reason): "bad request: \(reason)"
    case .nothingLoaded(let request): "'\(request)' needs a layer; send 'load' first"
    case .badData(let reason), .cannotWrite(let reason): reason
    }
  }
}

extension PeerRequest: Decodable {
  private enum Key: String, CodingKey {
    case request, cell, mode, T, N, D, H, threads, data, lengths, weights, path, warmUp,
      callsPerSample, samples, row, clock
  }

  /// Reads one line.
  ///
  /// - Throws: ``PeerError/badRequest(_:)`` that names the value and what was expected.
  init(line: some StringProtocol) throws(PeerError) {
    do {
      self = try JSONDecoder().decode(PeerRequest.self, from: Data(line.utf8))
    } catch let error as PeerError {
      throw error
    } catch let error as DecodingError {
      let (place, reason) = InputFile.describe(error)
      throw .badRequest(place.isEmpty ? reason : "'\(place.joined(separator: "."))' \(reason)")
    } catch {
      throw .badRequest("\(error)")
    }
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)

    func number(_ key: Key, in range: ClosedRange<Int>) throws -> Int {
      // As Double: the decoder reports 1.5 where it expects an integer as damage of the whole text.
      let number = try fields.decode(Double.self, forKey: key)
      guard let value = Int(exactly: number), range.contains(value) else {
        let text = Int(exactly: number).map(String.init) ?? String(number)
        throw PeerError.badRequest(
          "'\(key.rawValue)' is \(text), expected a whole number from \(range.lowerBound) "
            + "to \(range.upperBound)")
      }
      return value
    }
    func choice<Value: RawRepresentable & CaseIterable>(_ key: Key, of: Value.Type) throws -> Value
    where Value.RawValue == String {
      let name = try fields.decode(String.self, forKey: key)
      guard let value = Value(rawValue: name) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw PeerError.badRequest("'\(key.rawValue)' is '\(name)', expected one of \(known)")
      }
      return value
    }

    let name = try fields.decode(String.self, forKey: .request)
    switch name {
    case "hello": self = .hello
    case "rows": self = .rows
    case "memory": self = .memory
    case "window": self = .window
    case "unload": self = .unload
    case "results": self = .results(path: try fields.decode(String.self, forKey: .path))
    case "time":
      self = .time(
        PeerTiming(
          warmUp: try number(.warmUp, in: 0...PeerTiming.mostCalls),
          callsPerSample: try number(.callsPerSample, in: 1...PeerTiming.mostCalls),
          samples: try number(.samples, in: 1...PeerTiming.mostSamples),
          clock: fields.contains(.clock)
            ? try choice(.clock, of: Stopwatch.Clock.self) : .wall))
    case "load" where fields.contains(.row):
      self = .loadRow(try fields.decode(String.self, forKey: .row))
    case "load":
      let parts = 1...Shape.largestPart
      let shape = Shape(
        T: try number(.T, in: parts), N: try number(.N, in: parts), D: try number(.D, in: parts),
        H: try number(.H, in: parts))
      let item = LayerCase(
        layer: try choice(.cell, of: LayerKind.self), mode: try choice(.mode, of: Mode.self),
        shape: shape)
      let lengths = try fields.decodeIfPresent([Double].self, forKey: .lengths)?.map {
        Int(exactly: $0) ?? 0
      }
      if let lengths {
        guard lengths.count == shape.N, lengths.allSatisfy({ (1...shape.T).contains($0) }) else {
          throw PeerError.badRequest(
            "'lengths' are \(lengths.count), expected \(shape.N) whole numbers from 1 to \(shape.T)"
          )
        }
      }
      let data = try fields.decodeIfPresent(String.self, forKey: .data)
      if lengths != nil && data == nil {
        throw PeerError.badRequest("'lengths' goes with 'data'")
      }
      self = .load(
        PeerCase(
          item: item, threads: try number(.threads, in: 1...1024), data: data, lengths: lengths,
          weights: fields.contains(.weights)
            ? try choice(.weights, of: WeightFormat.self) : nil))
    default:
      throw PeerError.badRequest(
        "'request' is '\(name)', expected one of hello, load, rows, results, time, memory, "
          + "window, unload")
    }
  }
}
