import Glibc

@testable import ScrimCapture

/// Reads the input as the body of a D-Bus reply, in each way that a tree is read. The first byte is the length of
/// the signature, then come the signature and the body; libdbus refuses what its signature doesn't describe.
/// Whatever an application answers, a value has the requested type, and an object has the name of a bus client.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  guard let first = input.first, input.count > first, let message = message(of: input) else { return 0 }
  _ = message.read { $0.word() }
  _ = message.read { $0.string() }
  _ = message.read { $0.within { $0.double() } }
  _ = message.read { $0.within { $0.signed() } }
  _ = message.read { $0.within { $0.string() } }
  if let words = message.read({ $0.elements { $0.word() } }) {
    precondition(words.count <= input.count / 4, "more numbers than bytes")
  }
  if let names = message.read({ $0.elements { $0.string() } }) {
    precondition(names.count <= input.count, "more names than bytes")
  }
  let extents = message.read { reader in
    reader.within { inner in (0..<4).map { _ in inner.signed() } }
  }
  precondition(extents.map { $0.count == 4 } ?? true, "extents are four numbers")
  for case let object?? in message.read({ $0.elements { $0.object() } }) ?? [] {
    precondition(BusObject.isUniqueName(object.owner), "a name that no client of a bus has")
    precondition(object.path.utf8.first == UInt8(ascii: "/"), "a path that libdbus would refuse")
  }
  return 0
}

private typealias Demarshal = @convention(c) (UnsafePointer<UInt8>, CInt, OpaquePointer?) -> OpaquePointer?

/// libdbus's own parser. Opening a bus that isn't there loads the functions that `BusMessage` calls.
private let demarshal: Demarshal = {
  do throws(AccessibilityError) {
    _ = try BusConnection(address: "unix:path=/nowhere")
  } catch {
    guard case .noBus = error else { fatalError("\(error)") }
  }
  let library = unsafe dlopen("libdbus-1.so.3", RTLD_NOW)
  guard let symbol = unsafe dlsym(library, "dbus_message_demarshal") else { fatalError("no demarshal") }
  // Fact: dbus-message.h declares it with these arguments.
  return unsafe unsafeBitCast(symbol, to: Demarshal.self)
}()

/// A reply to call 1 in the byte order of this machine, as the specification of D-Bus lays it out; nil if libdbus
/// refuses it.
private func message(of input: [UInt8]) -> BusMessage? {
  let length = Int(input[0])
  let signature = Array(input[1..<1 + length])
  let body = input.dropFirst(1 + length)
  func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  var fields: [UInt8] = [5, 1, UInt8(ascii: "u"), 0] + word(1)
  fields += [8, 1, UInt8(ascii: "g"), 0, UInt8(length)] + signature + [0]
  var bytes: [UInt8] =
    [UInt8(ascii: "l"), 2, 1, 1] + word(body.count) + word(7) + word(fields.count) + fields
  while bytes.count % 8 != 0 { bytes.append(0) }
  bytes += body
  // Fact: libdbus reads `bytes.count` bytes and keeps a copy; the reader owns the message.
  return unsafe demarshal(bytes, CInt(bytes.count), nil).map { unsafe BusMessage(taking: $0) }
}
