/// File format of an image.
public enum ImageFormat: String, Sendable {
  case png, jpeg

  /// By the extension of a name, case ignored; nil for other files.
  init?(name: String) {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    switch name[dot...].dropFirst().lowercased() {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    default: return nil
    }
  }

  var fileExtension: String { self == .png ? "png" : "jpg" }

  init?(signatureOf bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      self = .jpeg
    } else {
      return nil
    }
  }
}
