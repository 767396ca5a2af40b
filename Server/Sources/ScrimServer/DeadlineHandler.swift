import Glibc
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection that its client holds up: a header or a body that doesn't arrive in time, or an answer of which
/// nothing is taken for a while. Otherwise a client that sends single bytes, or reads nothing, would hold a connection
/// and the memory of its body or answer for ever. An answer that is taken slowly is not closed, however long it takes.
final class DeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// What was sent at some time: parts as a whole, and bytes that still wait for the socket.
  private struct Progress: Equatable {
    var parts: Int
    var waiting: Int
  }

  private let header: TimeAmount
  private let body: TimeAmount
  private let answer: TimeAmount

  /// Whether a request's header was read, and its end not yet.
  private var isReceiving = false
  /// Requests whose answers are not sent.
  private var unanswered = 0
  /// Answers of which the beginning was sent, and not the end.
  private var answering = 0
  private var parts = 0
  private var progress = Progress(parts: 0, waiting: 0)
  private var progressed = NIODeadline.now()

  /// When the connection is closed, or looked at if an answer is being sent.
  private var due = NIODeadline.now()
  /// The timer, which is not moved for every request: it goes off early, and is set again.
  private var timer: (at: NIODeadline, task: Scheduled<Void>)?

  /// - Parameter answerSeconds: the time in which a client takes at least a part of an answer.
  init(headerSeconds: Int, bodySeconds: Int, answerSeconds: Int) {
    header = .seconds(Int64(headerSeconds))
    body = .seconds(Int64(bodySeconds))
    answer = .seconds(Int64(answerSeconds))
  }

  /// Bytes that the kernel keeps of an answer beyond those on their way. With its default, up to 4 MB, a slow client's
  /// socket takes new ones so rarely that it looks as if nothing were taken.
  private static let unsentBytes = 128 << 10

  func handlerAdded(context: ChannelHandlerContext) {
    // Not every channel of a test is a socket.
    try? context.channel.syncOptions?.setOption(
      .tcpOption(NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)), value: DeadlineHandler.unsentBytes)
    expect(header, context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    cancel()
    context.fireChannelInactive()
  }

  // MARK: Requests and answers

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      isReceiving = true
      unanswered += 1
      expectNext(context)
    case .body: break
    case .end:
      isReceiving = false
      expectNext(context)
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.status.kind != .informational {
        answering += 1
        if answering == 1 { watch(context) }
      }
      context.write(data, promise: promise)
    case .body:
      context.write(data, promise: whenSent(promise, context) { self.parts += 1 })
    case .end:
      let sent = whenSent(promise, context) {
        self.parts += 1
        self.answering -= 1
        // An answer to what is no request has no header before it.
        self.unanswered = max(0, self.unanswered - 1)
        self.expectNext(context)
      }
      context.write(data, promise: sent)
    }
  }

  private func whenSent(
    _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext, _ then: @escaping () -> Void
  ) -> EventLoopPromise<Void> {
    let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in then() }
    return promise
  }

  // MARK: Time

  private func expectNext(_ context: ChannelHandlerContext) {
    // Until then the answer is watched. A client may send the next request behind one that is being answered, and
    // nothing is read of it then.
    guard answering == 0, context.channel.isActive else { return }
    if isReceiving {
      expect(body, context)
    } else {
      // The disk may be slow as well, so that the time for an answer's beginning is that of a body.
      expect(unanswered > 0 ? body + header : header, context)
    }
  }

  private func watch(_ context: ChannelHandlerContext) {
    progressed = .now()
    progress = Progress(parts: parts, waiting: 0)
    expect(lookInterval, context)
  }

  private var lookInterval: TimeAmount { .nanoseconds(answer.nanoseconds / 4) }

  private func expect(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    due = .now() + time
    if let timer, timer.at <= due { return }
    set(context)
  }

  private func set(_ context: ChannelHandlerContext) {
    timer?.task.cancel()
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.goOff(context) }
    timer = (due, task)
  }

  private func cancel() {
    timer?.task.cancel()
    timer = nil
  }

  private func goOff(_ context: ChannelHandlerContext) {
    timer = nil
    let now = NIODeadline.now()
    guard due <= now else { return set(context) }
    guard answering > 0 else { return close(context) }
    let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    let current = Progress(parts: parts, waiting: waiting)
    // While nothing waits for the socket, the answer waits for this server's disk.
    if current != progress || waiting == 0 { progressed = now }
    progress = current
    guard now - progressed < answer else { return close(context) }
    expect(lookInterval, context)
  }

  private func close(_ context: ChannelHandlerContext) { context.channel.close(promise: nil) }
}
