internal import NIOCore
internal import NIOHTTP1

/// One request and its answer, each within the timeout; then the connection is closed.
final class ConnectionHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Answer
  typealias OutboundOut = HTTPServerResponsePart

  private let timeout: TimeAmount
  private let requests: AsyncStream<Request>.Continuation
  private var head: HTTPRequestHead?
  private var hasAsked = false
  private var timer: Scheduled<Void>?

  init(timeout: TimeAmount, requests: AsyncStream<Request>.Continuation) {
    self.timeout = timeout
    self.requests = requests
  }

  func channelActive(context: ChannelHandlerContext) {
    startTimer(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What follows the first request is not answered.
    guard !hasAsked else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      hasAsked = true
      timer?.cancel()
      requests.yield(Request(method: head.method, uri: head.uri, channel: context.channel))
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let answer = unwrapOutboundIn(data)
    startTimer(context)
    var headers: HTTPHeaders = [
      "Content-Type": answer.contentType, "Content-Length": String(answer.body.utf8.count),
      "Connection": "close",
    ]
    if answer.status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
    let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if answer.sendsBody {
      let body = context.channel.allocator.buffer(string: answer.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let promise = promise ?? context.eventLoop.makePromise()
    let channel = context.channel
    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  /// A request that is not HTTP has been answered with 400 by now.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func startTimer(_ context: ChannelHandlerContext) {
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
  }
}

/// Closes a connection whose peer sends too much.
final class SizeLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var remaining: Int

  init(_ limit: Int) { remaining = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    remaining -= unwrapInboundIn(data).readableBytes
    if remaining >= 0 {
      context.fireChannelRead(data)
    } else {
      context.close(promise: nil)
    }
  }
}
