import Foundation

/// The path of a picture in a file of another tool: a path of any system, a URL, or the name of an upload.
struct PicturePath: Hashable {
  /// Parts without `.`; without the root for an absolute path or a URL.
  var parts: [String]
  /// Whether it begins at a drive, a root or a server, so that its folders have no meaning here.
  var isAbsolute = false
  /// Whether it is an absolute path that may be one of this machine.
  var isLocal = false

  init(_ text: String) {
    var text = text[...]
    isLocal = text.hasPrefix("/")
    if let scheme = text.range(of: "://") {
      isAbsolute = true
      isLocal = text.hasPrefix("file:///")
      text = text[scheme.upperBound...]
      // `/data/local-files/?d=folder/a.png` has the path in its query; the other parts are not used.
    }
    if let query = text.range(of: "?d=") {
      isAbsolute = true
      isLocal = false
      text = text[query.upperBound...]
      text = text[..<(text.firstIndex(of: "&") ?? text.endIndex)]
      text = (text.removingPercentEncoding ?? String(text))[...]
    } else if isAbsolute || text.hasPrefix("/data/") {
      text = text[..<(text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex)]
      text = (text.removingPercentEncoding ?? String(text))[...]
    }
    if let drive = text.firstIndex(of: ":"), text.distance(from: text.startIndex, to: drive) == 1 {
      isAbsolute = true
      text = text[text.index(after: drive)...]
    }
    if text.first == "/" || text.first == "\\" { isAbsolute = true }
    parts = PicturePath.joined(
      [], text.split(whereSeparator: { $0 == "/" || $0 == "\\" }).map(String.init))
  }

  /// A path from a folder, with its `.` and `..` resolved.
  static func joined(_ folder: [String], _ path: [String]) -> [String] {
    var parts = folder
    for part in path where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return parts
  }

  /// Whether it is in Label Studio's folder of uploads, which lost their own: `/data/upload/1/a.png`.
  var isUpload: Bool { zip(parts, parts.dropFirst()).contains { $0 == "data" && $1 == "upload" } }

  var name: String { parts.last ?? "" }

  /// The name without its extension.
  var stem: String { name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name }

  /// The path without the eight hexadecimal digits and the hyphen that Label Studio puts before the name of
  /// an upload.
  var withoutUploadPrefix: PicturePath? {
    let bytes = Array(name.utf8)
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "-"),
      bytes[..<8].allSatisfy({ (48..<58).contains($0) || (97..<103).contains($0) })
    else { return nil }
    var path = self
    path.parts[path.parts.count - 1] = String(decoding: bytes[9...], as: UTF8.self)
    return path
  }

  /// Whether it is a name alone, without any folder.
  var isBare: Bool { parts.count == 1 && !isAbsolute }

  /// A name in the form in which systems without case, and those with another Unicode form, compare it.
  static func folded(_ name: String) -> String {
    if name.utf8.allSatisfy({ $0 < 0x80 }) { return name.lowercased() }
    return name.lowercased().decomposedStringWithCanonicalMapping
  }

  /// A name as Label Studio converts it for a file: spaces become underscores.
  static func uploaded(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.compactMap { scalar in
          if scalar == " " { return "_" }
          let isKept = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          return isKept || "-_.".unicodeScalars.contains(scalar) ? scalar : nil
        }))
  }
}
