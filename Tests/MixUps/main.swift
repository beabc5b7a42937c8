// Draws random sequences of calls of the public interface, with arguments that fit, that almost fit, or
// that do not, and asks of each: is its result that of fresh objects, or does it trap with the engine's
// own message? Built with AddressSanitizer it also asks that no call reads or writes outside memory.
//
//   MixUps [--seconds S] [--count N] [--seed FIRST] [--jobs J] [--only KIND] [--limit SECONDS]
//   MixUps --replay SEED          one sequence, its calls and what came of it
//   MixUps --plant MISTAKE        makes a mistake on purpose in one sequence of three
//   MixUps --self-check           whether every such mistake is found
//
// Exits with 1 where a sequence went wrong.
import CMemoryChecks
import Foundation

// OpenBLAS would start threads before the first fork, and the runtime answer each trap with a backtrace.
if getenv("MIXUPS") == nil {
  setenv("MIXUPS", "1", 1)
  setenv("OPENBLAS_NUM_THREADS", "1", 1)
  setenv("SWIFT_BACKTRACE", "enable=no", 1)
  var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
  execvp(CommandLine.arguments[0], &arguments)
  stop("cannot start itself")
}

var (seconds, count, seed, jobs) = (120.0, Int.max, UInt64(1), 2)
var (replay, only): (UInt64?, String?) = (nil, nil)
var (plant, limit): (Plant?, UInt32) = (nil, 60)
var arguments = CommandLine.arguments.dropFirst()
while let option = arguments.popFirst() {
  if option == "--self-check" { exit(SelfCheck.run() ? 0 : 1) }
  guard let value = arguments.popFirst() else { stop("\(option) needs a value") }
  switch option {
  case "--seconds": seconds = Double(value) ?? seconds
  case "--count": count = Int(value) ?? count
  case "--seed": seed = UInt64(value) ?? seed
  case "--jobs": jobs = max(1, Int(value) ?? jobs)
  case "--replay": replay = UInt64(value)
  case "--only": only = value
  case "--limit": limit = UInt32(value) ?? limit
  case "--plant":
    plant = Plant(rawValue: value)
    if plant == nil { stop("no mistake is called \(value)") }
  default: stop("unknown option \(option)")
  }
}

let kinds = SequenceKind.all.filter { only == nil || $0.name.contains(only ?? "") }
if kinds.isEmpty { stop("no kind of sequence is called \(only ?? "")") }

/// Runs the sequence of a seed.
let run: (UInt64, SharedLog) -> Void = { seed, log in
  var dice = Dice(seed: seed)
  let kind = kinds[dice.below(kinds.count)]
  log.note("// seed \(seed), \(kind.name)")
  let sequence = kind.make(dice, log)
  if Plant.isMade(in: seed) {
    sequence.plant = plant
    plant?.call(seed, log)
  }
  for _ in 0..<5 + dice.below(40) where !log.current.isWrong { sequence.call() }
}

if let replay {
  seed = replay
  (count, jobs, seconds) = (1, 1, 600)
}

let deadline = Date(timeIntervalSinceNow: seconds)
var report = LaneReport()
var lanes: [(process: Int32, file: UnsafeMutablePointer<FILE>)] = []
for lane in 0..<jobs {
  guard let file = tmpfile() else { stop("no temporary file") }
  let process = ct_fork()
  if process == 0 {
    let share = count == Int.max ? count : (count + jobs - 1 - lane) / jobs
    let lane = Lane(first: seed &+ UInt64(lane), stride: UInt64(jobs), run: run, limit: limit)
    guard let data = try? JSONEncoder().encode(lane.report(count: share, until: deadline)) else {
      _exit(2)
    }
    data.withUnsafeBytes { _ = pwrite(fileno(file), $0.baseAddress, $0.count, 0) }
    _exit(0)
  }
  lanes.append((process, file))
}
for lane in lanes {
  var status: Int32 = 0
  while waitpid(lane.process, &status, 0) < 0 && errno == EINTR {}
  let data = FileHandle(fileDescriptor: fileno(lane.file)).readDataToEndOfFile()
  guard status == 0, let part = try? JSONDecoder().decode(LaneReport.self, from: data) else {
    stop("a lane ended with status \(status)")
  }
  report.add(part)
}

// A seed means another sequence where there are other kinds to choose from.
let choice = only.map { " --only '\($0)'" } ?? ""
if replay != nil && report.findings.isEmpty { print(report.last) }
for finding in report.findings.sorted(by: { $0.seed < $1.seed }) {
  print(
    """

    \(finding.signature)
      \(report.counts[finding.signature] ?? 0) times, first with --replay \(finding.seed)\(choice)
    \(finding.calls)\(finding.output.split(separator: "\n").prefix(12).joined(separator: "\n"))
    """)
}
print(
  """
  \(report.sequences) sequences of \(report.calls) calls, seeds from \(seed): \(report.traps) ended in a \
  trap with the engine's message, \(report.counts.values.reduce(0, +)) went wrong in \
  \(report.counts.count) ways
  """)
exit(report.counts.isEmpty ? 0 : 1)
