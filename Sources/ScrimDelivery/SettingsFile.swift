import Glibc
import ScrimSystem

/// Small text files of the user: settings and tokens. Read without Foundation, which `libscrim.so` doesn't contain.
enum SettingsFile {
  /// The text, with invalid UTF-8 replaced; nil if there is no such file or it can't be read. At most 1 MB is read.
  static func text(of path: String) -> String? {
    guard let file = try? OpenFile(path, O_RDONLY), let bytes = try? file.read(1 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
