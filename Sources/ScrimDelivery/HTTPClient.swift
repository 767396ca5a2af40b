import CScrimCurl
import Synchronization

/// HTTP client over libcurl, which is opened at first use. Keeps connections open.
final class HTTPClient: Sendable {
  struct Request {
    var method: String
    var url: String
    /// Lower-case names.
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    /// Maximum bytes of the answer's body.
    var answerLimit = 1 << 16
  }

  struct Answer {
    var status: Int
    /// Names in lower case, in their order.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// The first header with a name.
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
  }

  enum Failure: Error, Hashable {
    case cancelled
    case unreachable(String)
  }

  private let options: DestinationOptions
  /// Handles that no thread is using.
  private let idle = Mutex<[Handle]>([])
  /// Read by libcurl's callback while another thread sets it.
  private let cancelled = CancelFlag()

  /// A handle of libcurl, used by one thread at a time.
  @safe private final class Handle: @unchecked Sendable {
    let curl: OpaquePointer
    init(_ curl: OpaquePointer) { unsafe self.curl = curl }
    deinit { unsafe scrim_curl_close(curl) }
  }

  /// An `int` at a fixed address, which C code can read.
  @safe private final class CancelFlag: @unchecked Sendable {
    let place: UnsafeMutablePointer<Int32>
    init() {
      unsafe place = .allocate(capacity: 1)
      unsafe place.initialize(to: 0)
    }
    deinit { unsafe place.deallocate() }
  }

  /// - Throws: ``DestinationError`` if libcurl is missing.
  init(_ options: DestinationOptions) throws(DestinationError) {
    self.options = options
    let first = try HTTPClient.open()
    idle.withLock { $0.append(first) }
  }

  private static func open() throws(DestinationError) -> Handle {
    var handle: OpaquePointer?
    var message = [CChar](repeating: 0, count: 256)
    // The array's memory is valid until the call returns, and its count is passed.
    let status = unsafe message.withUnsafeMutableBufferPointer {
      unsafe scrim_curl_open(&handle, $0.baseAddress, $0.count)
    }
    guard status == SCRIM_CURL_OK.intValue, let curl = unsafe handle else {
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw DestinationError(.environment, String(decoding: text, as: UTF8.self))
    }
    return unsafe Handle(curl)
  }

  /// Maximum bytes per second of one transfer; 0 for no limit.
  private var sendLimit: Int64 {
    options.bytesPerSecond.map { Int64(max(1, $0 / max(options.inFlight, 1))) } ?? 0
  }

  func cancel() {
    // An aligned int, written atomically.
    unsafe cancelled.place.pointee = 1
  }

  func perform(_ request: Request) throws(Failure) -> Answer {
    guard unsafe cancelled.place.pointee == 0 else { throw .cancelled }
    let handle: Handle
    if let there = idle.withLock({ $0.popLast() }) {
      handle = there
    } else {
      do { handle = try HTTPClient.open() } catch { throw .unreachable("\(error)") }
    }
    defer { idle.withLock { $0.append(handle) } }
    return try perform(request, handle)
  }

  private func perform(_ request: Request, _ handle: Handle) throws(Failure) -> Answer {
    var lines = request.headers.map { "\($0.name): \($0.value)" }
    // Bodies are sent at once: libcurl would wait a second for a 100 Continue that few servers send.
    lines += ["expect:", "user-agent: scrim/0.1.0"]
    var answer = unsafe scrim_curl_answer()
    defer { unsafe scrim_curl_free(&answer) }
    let body = request.body ?? []
    let code = unsafe withCStrings(lines) { pointers in
      unsafe request.method.withCString { method in
        unsafe request.url.withCString { url in
          unsafe withOptionalCString(options.certificates) { certificates in
            unsafe body.withUnsafeBufferPointer { bytes in
              unsafe pointers.withUnsafeBufferPointer { headers in
                // All of these live until the call returns, which keeps no pointer.
                var call = unsafe scrim_curl_request()
                unsafe call.method = method
                unsafe call.url = url
                unsafe call.headers = headers.baseAddress
                unsafe call.header_count = headers.count
                unsafe call.body = request.body == nil ? nil : bytes.baseAddress
                unsafe call.body_size = bytes.count
                unsafe call.answer_limit = request.answerLimit
                unsafe call.connect_timeout = options.connectTimeout
                unsafe call.timeout = 60_000 + bytes.count / 8
                unsafe call.stall_timeout = max(1, options.stallTimeout / 1000)
                unsafe call.send_limit = sendLimit
                unsafe call.ca_file = certificates
                unsafe call.no_proxy = options.ignoresProxies ? 1 : 0
                unsafe call.cancelled = UnsafePointer(cancelled.place)
                return unsafe scrim_curl_perform(handle.curl, &call, &answer)
              }
            }
          }
        }
      }
    }
    switch code {
    case SCRIM_CURL_OK.intValue: return unsafe HTTPClient.read(answer)
    case SCRIM_CURL_CANCELLED.intValue: throw .cancelled
    default:
      // Terminated by the call.
      let message = unsafe withUnsafePointer(to: &answer.message) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 512) { unsafe String(cString: $0) }
      }
      throw .unreachable(message.isEmpty ? "no answer" : message)
    }
  }

  private static func read(_ answer: scrim_curl_answer) -> Answer {
    // Both sizes are those of the memory that the call filled.
    let body = unsafe answer.body.map {
      unsafe [UInt8](UnsafeBufferPointer(start: $0, count: answer.body_size))
    }
    let text = unsafe answer.headers.map { pointer in
      unsafe pointer.withMemoryRebound(to: UInt8.self, capacity: answer.headers_size) {
        unsafe String(decoding: UnsafeBufferPointer(start: $0, count: answer.headers_size), as: UTF8.self)
      }
    }
    var headers: [(name: String, value: String)] = []
    for line in (text ?? "").split(whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers.append(
        (line[..<colon].trimmingSpace.lowercased(), line[line.index(after: colon)...].trimmingSpace))
    }
    return unsafe Answer(status: Int(answer.status), headers: headers, body: body ?? [])
  }
}

extension HTTPClient.Answer {
  /// The answer in the form that a retry policy needs.
  var asDelivery: DeliveryAnswer {
    .status(
      status, retryAfter: header("retry-after").flatMap { RetryAfter($0) },
      body: String(String(decoding: body.prefix(2048), as: UTF8.self).prefix(1000)))
  }
}

extension HTTPClient.Failure {
  var asDelivery: DeliveryAnswer {
    switch self {
    case .cancelled: .cancelled
    case .unreachable(let message): .unreachable(message)
    }
  }
}

/// Calls `body` with C strings, which live until it returns.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
  let copies = unsafe strings.map { text in
    let bytes = Array(text.utf8CString)
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    unsafe copy.initialize(from: bytes, count: bytes.count)
    return unsafe copy
  }
  defer { for index in unsafe copies.indices { unsafe copies[index].deallocate() } }
  return unsafe body(copies.map { unsafe UnsafePointer($0) })
}

private func withOptionalCString<Result>(
  _ string: String?, _ body: (UnsafePointer<CChar>?) -> Result
) -> Result {
  guard let string else { return body(nil) }
  return unsafe string.withCString { unsafe body($0) }
}

extension BinaryInteger {
  fileprivate var intValue: Int32 { Int32(self) }
}
extension RawRepresentable where RawValue: BinaryInteger {
  fileprivate var intValue: Int32 { Int32(rawValue) }
}
