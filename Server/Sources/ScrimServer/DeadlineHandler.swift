import NIOCore
import NIOHTTPTypes

/// Closes a connection whose header or body doesn't arrive in time. Otherwise a client that sends single bytes
/// slowly would hold a connection, and the memory of its body, for ever.
final class DeadlineHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private let header: TimeAmount
  private let body: TimeAmount
  private var deadline: Scheduled<Void>?

  init(headerSeconds: Int, bodySeconds: Int) {
    header = .seconds(Int64(headerSeconds))
    body = .seconds(Int64(bodySeconds))
  }

  func handlerAdded(context: ChannelHandlerContext) { schedule(header, context) }
  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: schedule(body, context)
    case .body: break
    // The answer is written first, then the next header is due.
    case .end: schedule(body + header, context)
    }
    context.fireChannelRead(data)
  }

  private func schedule(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
