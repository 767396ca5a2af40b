import CScrimSodium

/// Opens libsodium and translates its results.
package enum Sodium {
  /// - Throws: ``SealingError/noLibrary(_:)``, with the name of the package that is missing.
  package static func load() throws(SealingError) {
    var message = [CChar](repeating: 0, count: 128)
    let status = unsafe message.withUnsafeMutableBufferPointer {
      // The buffer outlives the call, which terminates what it writes there.
      unsafe scrim_sodium_load($0.baseAddress, $0.count)
    }
    guard status == 0 else {
      throw .noLibrary(
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
  }

  static func check(_ status: Int32, errno code: Int32 = 0) throws(SealingError) {
    switch status {
    case Int32(SCRIM_SODIUM_OK): return
    case Int32(SCRIM_SODIUM_NO_LIBRARY):
      try load()
      throw .noMemory
    case Int32(SCRIM_SODIUM_REFUSED): throw .refused
    case Int32(SCRIM_SODIUM_BAD_TEXT): throw .notAPrivateKey
    case Int32(SCRIM_SODIUM_SYSTEM): throw .system(code)
    default: throw .noMemory
    }
  }
}
