import Foundation
import OnnxModels

/// Runs cases of ONNX operators that lie in folders, as `Tools/onnx/node_cases.py` writes them, and prints
/// for each operator how many pass, fail and are refused.
///
///     OnnxCases FOLDER [OPERATOR…]
///     OnnxCases --operators
///     OnnxCases --write FOLDER      layers and models of this package, for another runtime to run
@main
struct OnnxCases {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments == ["--operators"] { return print(OnnxModel.operators.joined(separator: " ")) }
    if arguments.count == 2, arguments[0] == "--write" {
      do {
        for one in try WrittenModels.cases() + TracedModels.cases() {
          try one.write(into: arguments[1])
        }
      } catch {
        print(error)
        exit(1)
      }
      return
    }
    guard let folder = arguments.first else {
      print("usage: OnnxCases FOLDER [OPERATOR…]")
      exit(64)
    }
    var report = Report()
    for group in names(in: folder) {
      if arguments.count > 1 && !arguments.dropFirst().contains(group) { continue }
      for name in names(in: "\(folder)/\(group)") {
        let outcome: OnnxCase.Outcome
        do {
          outcome = try OnnxCase(folder: "\(folder)/\(group)/\(name)", name: name).run()
        } catch {
          outcome = .failed("\(error)")
        }
        report.add(outcome, of: name, to: group)
      }
    }
    report.show()
    exit(report.isGood ? 0 : 1)
  }

  private static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}

/// What became of the cases.
struct Report {
  private struct Row {
    var passed = 0
    var failed = 0
    var refused = 0
  }

  private var rows: [String: Row] = [:]
  private var failures: [String] = []
  private var refusals: [String: [String]] = [:]

  var isGood: Bool { failures.isEmpty && rows.values.contains { $0.passed > 0 } }

  mutating func add(_ outcome: OnnxCase.Outcome, of name: String, to group: String) {
    switch outcome {
    case .passed: rows[group, default: Row()].passed += 1
    case .failed(let why):
      rows[group, default: Row()].failed += 1
      failures.append("\(group) \(name): \(why)")
    case .refused(let why):
      rows[group, default: Row()].refused += 1
      refusals[why, default: []].append(name)
    }
  }

  func show() {
    print("operator             passed / all  refused  failed")
    var sum = Row()
    func line(_ name: String, _ row: Row) {
      func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: " ", count: max(width - digits.count, 0)) + digits
      }
      let label = name.padding(toLength: 20, withPad: " ", startingAt: 0)
      let all = row.passed + row.failed + row.refused
      print(
        "\(label)\(pad(row.passed, 7)) /\(pad(all, 4))\(pad(row.refused, 9))\(pad(row.failed, 8))")
    }
    for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
      line(name, row)
      sum.passed += row.passed
      sum.failed += row.failed
      sum.refused += row.refused
    }
    line("all", sum)
    for (why, names) in refusals.sorted(by: { $0.key < $1.key }) {
      print("refused, \(why): \(names.count)\n  \(names.joined(separator: " "))")
    }
    for failure in failures { print("FAILED \(failure)") }
  }
}
