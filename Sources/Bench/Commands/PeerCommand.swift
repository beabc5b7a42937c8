import ArgumentParser

/// This engine's process in a comparison with other libraries.
struct PeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer",
    abstract: "Serve Tools/peers and 'Bench check', which compare the engine with others.",
    discussion: """
      Reads requests from standard input, a JSON object on each line, and answers each with one line on \
      standard output: {"ok": true, …} or {"ok": false, "error": "why"}. A request that fails does not \
      end the process, the end of the input does. After a 'load' that failed, nothing is loaded.

      REQUESTS
        {"request": "hello"}                     name, version, detail
        {"request": "load", "cell": "lstm", "mode": "training", "T": 25, "N": 1, "D": 64, "H": 64,
         "threads": 1, "data": "case.f32"}       sets a layer up
        {"request": "time", "warmUp": 2, "callsPerSample": 4, "samples": 10}
                                                 nanoseconds: one call's, for each sample
        {"request": "results", "path": "r.f32"}  writes what a call computed; tensors: name and count
        {"request": "memory"}                    peakResidentBytes
        {"request": "window"}                    window: instructions that the core holds in flight
        {"request": "rows"}                      rows: the names of kernels
        {"request": "load", "row": "…"}          sets one of them up
        {"request": "unload"}                    frees the layer

      Cells are lstm, gru (reset after the product) and rnn; modes are inference, forward (recorded) and \
      training (forward and backward). Without a data file, which other kinds of layers (see \
      Benchmarks/check.layers) do not have, numbers are drawn. The data file holds little-endian float32, one array after the \
      other: W, U, b, for gru recurrentBias, x [T, N, D] and dOutputs [T, N, H]; gates in the order \
      i f g o, or r z n. In the recorded modes of those cells the weights count as changed before each call. \
      "lengths": [T1, T2, …] beside "data" says how many steps each sequence has. "clock": "processor" in 'time' counts processor time.

      EXAMPLES
        echo '{"request": "hello"}' | Bench peer
        make bench-peers                         the comparison itself
      """)

  @Flag(help: "Serve even with a debug build, instead of building for release first.")
  var allowDebug = false

  func run() throws {
    try Relaunch.ifNeeded(keepCoreType: false, allowDebug: allowDebug)
    var session = PeerSession()
    while let line = readLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      StandardOutput.write(try session.answer(line: line).line() + "\n")
    }
  }
}
