import NIOCore
import NIOHTTP1
import NIOPosix

/// A request on a connection of its own, and what came back.
struct Exchange: Sendable {
  /// Nil where the client left before there was one.
  var status: Int?
  var retryAfter: String?
  var body: [UInt8] = []
  /// When each piece of the body was there.
  var arrivals: [ContinuousClock.Instant] = []
  /// Whether the response came to its end.
  var isWhole = false

  var text: String { String(decoding: body, as: UTF8.self) }

  /// When a client goes away.
  enum Stay: Sendable {
    case toTheEnd
    /// As soon as so many pieces of the body are there; 0: as soon as the request is sent.
    case pieces(Int)
    /// When the task is cancelled; reads the first piece of the body, and nothing more.
    case untilCancelled
  }

  /// Asks a server on this machine.
  static func ask(
    port: Int, _ method: HTTPMethod, _ path: String, body: String = "", stay: Stay = .toTheEnd
  ) async throws -> Exchange {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connectTimeout(.seconds(20))
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    let head = HTTPRequestHead(
      version: .http1_1, method: method, uri: path,
      headers: [
        "Host": "127.0.0.1:\(port)", "Content-Length": "\(body.utf8.count)",
        "Connection": "close",
      ])
    return try await channel.executeThenClose { inbound, outbound in
      // At once: a server that has all it needs answers, and closes the connection, before the rest is written.
      try await outbound.write(contentsOf: [
        .head(head), .body(.byteBuffer(ByteBuffer(string: body))), .end(nil),
      ])
      var exchange = Exchange()
      if case .pieces(0) = stay { return exchange }
      for try await part in inbound {
        switch part {
        case .head(let head):
          exchange.status = Int(head.status.code)
          exchange.retryAfter = head.headers.first(name: "Retry-After")
        case .body(let piece):
          exchange.body += piece.readableBytesView
          exchange.arrivals.append(.now)
          guard exchange.status == 200 else { continue }
          switch stay {
          case .toTheEnd: break
          case .pieces(let count): if exchange.arrivals.count >= count { return exchange }
          case .untilCancelled: try await Task.sleep(for: .seconds(3600))
          }
        case .end:
          exchange.isWhole = true
          return exchange
        }
      }
      return exchange
    }
  }
}
