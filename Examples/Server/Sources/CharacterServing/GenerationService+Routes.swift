import Foundation
import Hummingbird
import Recurrent

extension GenerationService {
  /// When a client that found no room should come again, in seconds.
  static let retryAfter = 1

  /// `POST /generate`, `GET /health` and `GET /stats`.
  public func routes() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("health") { _, _ in "ok\n" }
    router.get("stats") { _, _ in self.statistics }
    router.post("generate") { request, _ in try await self.generate(request) }
    return router
  }

  private func generate(_ request: Request) async throws -> Response {
    let asked: GenerationRequest
    do {
      // Larger ones are answered with 413.
      var request = request
      let body = try await request.collectBody(upTo: limits.bytes)
      asked = try GenerationRequest(json: Data(body.readableBytesView), limits: limits)
    } catch let error as RequestError {
      throw HTTPError(.badRequest, message: error.description)
    }
    let visit: Visit
    do {
      visit = try begin()
    } catch {
      throw HTTPError(
        .serviceUnavailable, headers: [.retryAfter: "\(Self.retryAfter)"],
        message: "\(error); come again in \(Self.retryAfter) s")
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        var answer = Answer(to: asked, by: self.text)
        while let x = answer.input {
          if let character = answer.take(try await visit.stream.step(x)) {
            // Throws where the client has gone; the stream leaves with the visit.
            try await writer.write(ByteBuffer(string: character))
          }
        }
        visit.stream.leave()
        visit.complete()
        try await writer.finish(nil)
      })
  }
}
