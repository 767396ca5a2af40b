extension JSON {
  /// The canonical form: keys sorted by their bytes, no white space, whole numbers without a fraction,
  /// other numbers in the fewest digits that read back to the same value. Numbers must be finite.
  package var canonicalBytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let value):
      precondition(value.isFinite, "JSON cannot hold a number that is not finite")
      if let whole = Int(exactly: value), abs(whole) < 1 << 53 {
        out += String(whole).utf8
      } else {
        out += value.description.utf8
      }
    case .digits(let value): out += value.utf8
    case .string(let value): JSON.write(value, to: &out)
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        item.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        JSON.write(member.key, to: &out)
        out.append(UInt8(ascii: ":"))
        member.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  static func write(_ string: String, to out: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    out.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        out.append(UInt8(ascii: "\\"))
        out.append(byte)
      case 0x0A: out += "\\n".utf8
      case ..<0x20:
        out += "\\u00".utf8
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  /// Readable form, spelled as Foundation's encoder does: keys sorted, two spaces of indentation per level,
  /// a space on both sides of a colon.
  package var prettyBytes: [UInt8] {
    var out: [UInt8] = []
    writePretty(to: &out, indent: 0)
    return out
  }

  private func writePretty(to out: inout [UInt8], indent: Int) {
    func line(_ level: Int) {
      out.append(UInt8(ascii: "\n"))
      out += repeatElement(UInt8(ascii: " "), count: 2 * level)
    }
    switch self {
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        line(indent + 1)
        item.writePretty(to: &out, indent: indent + 1)
      }
      if items.isEmpty { out.append(UInt8(ascii: "\n")) }
      line(indent)
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        line(indent + 1)
        JSON.write(member.key, to: &out)
        out += " : ".utf8
        member.value.writePretty(to: &out, indent: indent + 1)
      }
      line(indent)
      out.append(UInt8(ascii: "}"))
    default: out += canonicalBytes
    }
  }
}
