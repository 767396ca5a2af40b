import CScrimDBus

/// An object on a bus: its owner's bus name and its path.
struct BusObject: Hashable, Sendable {
  var owner: String
  var path: String

  /// Whether a name has the form that the bus itself gives to its clients. libdbus terminates the process
  /// on an invalid name, and applications may send any name.
  static func isUniqueName(_ name: String) -> Bool {
    guard name.utf8.first == UInt8(ascii: ":"), name.utf8.count <= 255 else { return false }
    let elements = name.dropFirst().utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return elements.count > 1
      && elements.allSatisfy { element in
        !element.isEmpty
          && element.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }
}
