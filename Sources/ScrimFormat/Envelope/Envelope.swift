/// The structure of a sealed segment's file: what can be checked without the key.
package struct Envelope: Sendable {
  package enum Ending: Hashable, Sendable {
    /// Ended by its writer.
    case complete
    /// Cut off, and ended by recovery without the key.
    case cut

    /// What stands in place of a message's length: never zero, since a file that was extended before a power loss, but
    /// not written, ends with zeros.
    var mark: UInt32 {
      switch self {
      case .complete: 0xFFFF_FFFE
      case .cut: 0xFFFF_FFFF
      }
    }

    init?(mark: UInt32, version: UInt8) {
      switch mark {
      case Ending.cut.mark: self = .cut
      case EnvelopeHeader.zeroEndingVersion == version ? 0 : Ending.complete.mark: self = .complete
      default: return nil
      }
    }

    /// As it is written in a file.
    package var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.appendLittleEndian(mark)
      return bytes
    }
  }

  package let header: EnvelopeHeader
  /// Where the whole messages are, without their lengths.
  package private(set) var messages: [Range<Int>] = []
  /// Nil if the file was cut off, or is being written.
  package private(set) var ending: Ending?
  /// Bytes up to the end of the last whole message, or of the ending.
  package private(set) var wholeBytes = EnvelopeHeader.byteCount
  /// What ended the reading before the end of the bytes.
  package private(set) var damage: FormatError?

  /// Whether the bytes are those of an envelope rather than of a segment.
  package static func isEnvelope(_ bytes: [UInt8]) -> Bool {
    bytes.count > Framing.magicStem.count && bytes.starts(with: Framing.magicStem)
      && EnvelopeHeader.versions.contains(bytes[Framing.magicStem.count])
  }

  /// Reads every whole message's place.
  ///
  /// - Throws: ``FormatError`` if not even the header is whole.
  package init(scanning bytes: [UInt8]) throws(FormatError) {
    do throws(FormatError.Reason) { header = try EnvelopeHeader(reading: bytes) } catch {
      throw FormatError(error, writing: false, record: 0, offset: 0)
    }
    do throws(FormatError.Reason) {
      while wholeBytes < bytes.count { try scanMessage(bytes) }
    } catch {
      damage = FormatError(error, writing: false, record: messages.count, offset: wholeBytes)
    }
  }

  private mutating func scanMessage(_ bytes: [UInt8]) throws(FormatError.Reason) {
    if ending != nil { throw .bytesAfterSeal(bytes.count - wholeBytes) }
    var reader = ByteReader(bytes, wholeBytes..<bytes.count)
    let length = try reader.littleEndian(UInt32.self)
    if let found = Ending(mark: length, version: header.version) {
      // Every envelope is begun with its first frame.
      guard !messages.isEmpty else { throw .noFrames }
      ending = found
      wholeBytes = reader.offset
      return
    }
    guard messages.count <= FormatLimits.records else {
      throw .overLimit("the number of messages", value: messages.count + 1, limit: FormatLimits.records + 1)
    }
    guard length > SecretStream.extraBytes else { throw .badValue("a message's length") }
    guard length <= Envelope.messageBytes else {
      throw .overLimit("a message's length", value: Int(length), limit: Envelope.messageBytes)
    }
    let message = try reader.take(Int(length))
    // The last bytes authenticate the message. Where they are zeros, its end was never written.
    guard !bytes[message.suffix(SecretStream.authenticatorBytes)].allSatisfy({ $0 == 0 }) else {
      throw .badValue("a message's end")
    }
    messages.append(message)
    wholeBytes = reader.offset
  }

  /// Bytes of a message: the first one holds several records.
  static let messageBytes = FormatLimits.segmentBytes

  /// Reads an envelope that has ended, completely or not at all.
  package static func read(_ bytes: [UInt8]) throws(FormatError) -> Envelope {
    let found = try Envelope(scanning: bytes)
    if let damage = found.damage { throw damage }
    guard found.ending != nil else {
      throw FormatError(.notSealed, writing: false, record: found.messages.count, offset: found.wholeBytes)
    }
    return found
  }

  /// The same without its ending and its last messages: as many as take at least `count` bytes, at least one.
  ///
  /// - Returns: nil if no message is left.
  package func without(_ count: Int) -> Envelope? {
    var found = self
    found.ending = nil
    repeat {
      guard let last = found.messages.popLast() else { return nil }
      found.wholeBytes = last.lowerBound - Envelope.lengthBytes
    } while wholeBytes - found.wholeBytes < count
    return found.messages.isEmpty ? nil : found
  }

  /// The same without its ending and with only the first messages.
  package func prefix(_ count: Int) -> Envelope {
    precondition(count > 0, "an envelope holds a message")
    guard count < messages.count else { return self }
    var found = self
    found.ending = nil
    found.messages.removeLast(messages.count - count)
    found.wholeBytes = found.messages[count - 1].upperBound
    return found
  }

  /// Whether its ending can be nothing but one: zeros can't, which stand for one in files of an older version.
  package var hasCertainEnding: Bool { ending == .cut || header.version != EnvelopeHeader.zeroEndingVersion }

  /// The same without its ending: what ends in the middle of a file is none.
  package var withoutEnding: Envelope {
    var found = self
    found.ending = nil
    found.wholeBytes = messages.last?.upperBound ?? EnvelopeHeader.byteCount
    return found
  }

  /// Bytes of a message's length before it.
  package static let lengthBytes = 4

  /// The decrypted part of an envelope.
  package struct Opened: Sendable {
    /// The bytes of the segment inside.
    package var segment: [UInt8] = []
    /// Messages that could be opened, and where they end in the file.
    package var messages = 0
    /// Where each of them ends in ``segment``.
    package var ends: [Int] = []
    package var wholeBytes = EnvelopeHeader.byteCount
    /// Whether the last of them is the one that its writer wrote last.
    package var isLast = false
    /// Why the next one could not be opened.
    package var damage: FormatError?
  }

  /// Decrypts message after message, up to the first that was changed, moved or comes from elsewhere.
  ///
  /// - Parameters:
  ///   - bytes: the file.
  ///   - secret: of the session, opened; it goes on to the key of this segment.
  package func open(_ bytes: [UInt8], with secret: SessionSecret) throws(SealingError) -> Opened {
    secret.advance(to: header.index)
    let stream = try SecretStream(.segment, of: secret, header: header.stream)
    let also = header.bytes
    var opened = Opened()
    opened.segment.reserveCapacity(wholeBytes)
    for message in messages {
      do throws(SealingError) {
        let (content, isLast) = try stream.decrypt(message, of: bytes, also: also)
        // Nothing may follow the last message, and nothing else can be said about what does.
        guard !opened.isLast else { throw .refused }
        opened.segment += content
        opened.isLast = isLast
      } catch {
        guard error == .refused else { throw error }
        opened.damage = FormatError(
          .messageRefused, writing: false, record: opened.messages, offset: message.lowerBound)
        break
      }
      opened.messages += 1
      opened.ends.append(opened.segment.count)
      opened.wholeBytes = message.upperBound
    }
    return opened
  }
}
