import CScrim
import ScrimRedact

/// The values of an event; nil if there are none.
func values(_ first: UnsafePointer<scrim_value>?, _ count: Int) throws(Refusal) -> [String: Event.Value]? {
  guard let list = try unsafe list(first, count, named: "data") else { return nil }
  var values: [String: Event.Value] = [:]
  for index in list.indices {
    let value = unsafe list[index]
    let key = try unsafe text(value.key, named: "the key of a value")
    switch unsafe Int(value.type) {
    case SCRIM_VALUE_TEXT: values[key] = try unsafe .text(text(value.text, named: "the text of a value"))
    case SCRIM_VALUE_NUMBER: values[key] = unsafe .number(value.number)
    case SCRIM_VALUE_FLAG: values[key] = unsafe .flag(value.number != 0)
    default: throw .argument("\(unsafe value.type) is no type of a value; give one of SCRIM_VALUE_…")
    }
  }
  return values
}

/// The headers of a request or response; nil if there are none.
func headers(_ first: UnsafePointer<scrim_header>?, _ count: Int) throws(Refusal) -> [String: String]? {
  guard let list = try unsafe list(first, count, named: "headers") else { return nil }
  var headers: [String: String] = [:]
  for index in list.indices {
    let name = try unsafe text(list[index].name, named: "the name of a header")
    headers[name] = unsafe text(list[index].value) ?? ""
  }
  return headers
}

private func list<Item>(
  _ first: UnsafePointer<Item>?, _ count: Int, named name: String
) throws(Refusal) -> UnsafeBufferPointer<Item>? {
  if count == 0 { return nil }
  guard (0...4096).contains(count) else { throw .argument("\(name): \(count) are too many; give up to 4096") }
  guard let first = unsafe first else {
    throw .argument("\(name) is NULL with a count of \(count); give them")
  }
  // The program guarantees that `count` structs are readable there.
  return unsafe UnsafeBufferPointer(start: first, count: count)
}
