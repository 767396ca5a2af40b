import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@Suite struct EnvelopeTests {
  let key: PrivateKey
  let previous = SHA256.digest([1, 2, 3].span)

  init() throws { key = try PrivateKey() }

  /// An envelope of a segment with a keyframe, an event and two frames, the bytes of the segment, and where each of its
  /// messages ends.
  private func envelope(
    index: Int = 1, session: SegmentHeader = SampleSegments.header
  ) throws -> (file: [UInt8], segment: [UInt8], ends: [Int], secret: [UInt8]) {
    let secret = try SessionSecret(sealingTo: key.publicKey)
    var envelope = try EnvelopeWriter(
      session: session.session, start: session.start, index: index, previous: previous, key: key.publicKey.id,
      secret: secret)
    var segment = try SampleSegments.segment(5, header: session)
    var plain: [UInt8] = []
    var ends: [Int] = []
    func encrypt(_ bytes: [UInt8], isLast: Bool = false) {
      plain += bytes
      envelope.append(bytes, isLast: isLast)
      ends.append(envelope.size)
    }
    encrypt(segment.bytes)
    segment.drain()
    try segment.append(SampleSegments.event)
    encrypt(segment.bytes)
    segment.drain()
    for number in 6..<8 {
      try segment.append(SampleSegments.frame(number))
      encrypt(segment.bytes)
      segment.drain()
    }
    encrypt(try segment.seal(index: UInt32(index), previous: previous).bytes, isLast: true)
    return (envelope.bytes, plain, ends, secret.sealed)
  }

  private func open(_ file: [UInt8]) throws -> Envelope.Opened {
    let found = try Envelope.read(file)
    return try found.open(file, with: SessionSecret(opening: found.header.secret, with: key))
  }

  @Test func whatIsSealedOpensWithTheKey() throws {
    let (file, segment, ends, secret) = try envelope()
    let opened = try open(file)
    #expect(
      opened.segment == segment && opened.isLast && opened.damage == nil && opened.messages == ends.count)
    #expect(try SegmentReader.read(opened.segment).frames.count == 3)
    let header = try Envelope.read(file).header
    #expect(header.session == SampleSegments.header.session && header.start == SampleSegments.header.start)
    #expect(header.index == 1 && header.previous == previous && header.secret == secret)
    #expect(header.key == key.publicKey.id)
    #expect(throws: FormatError.self) { try SegmentReader.read(file) }
  }

  @Test func twoSegmentsOfASessionHaveDifferentKeys() throws {
    let (file, _, _, secret) = try envelope(index: 3)
    let found = try Envelope.read(file)
    let opened = try SessionSecret(opening: secret, with: key)
    opened.advance(to: 4)
    // The secret has gone on, so that the key of an earlier segment is lost.
    let later = try SecretStream(.segment, of: opened, header: found.header.stream)
    #expect(throws: SealingError.refused) {
      try later.decrypt(found.messages[0], of: file, also: found.header.bytes)
    }
    opened.advance(to: 5)
    let right = try SessionSecret(opening: secret, with: key)
    right.advance(to: 3)
    let stream = try SecretStream(.segment, of: right, header: found.header.stream)
    #expect(try stream.decrypt(found.messages[0], of: file, also: found.header.bytes).isLast == false)
  }

  @Test func everyCutLeavesTheWholeMessages() throws {
    let (file, segment, ends, _) = try envelope()
    for count in 0..<file.count {
      let bytes = Array(file.prefix(count))
      guard count >= EnvelopeHeader.byteCount else {
        #expect(throws: FormatError.self) { try Envelope(scanning: bytes) }
        continue
      }
      let found = try Envelope(scanning: bytes)
      let whole = ends.count { $0 - ($0 == ends.last ? 4 : 0) <= count }
      #expect(found.messages.count == whole && found.ending == nil, "\(count) bytes")
      let opened = try found.open(bytes, with: SessionSecret(opening: found.header.secret, with: key))
      #expect(opened.messages == whole && opened.damage == nil, "\(count) bytes")
      #expect(segment.starts(with: opened.segment))
      guard whole > 0 else { continue }
      // With the mark of recovery it is a file that can be read.
      let cut = Array(bytes.prefix(found.wholeBytes)) + Envelope.Ending.cut.bytes
      #expect(try open(cut).segment == opened.segment)
    }
  }

  /// A file that was extended, but not written, before a power loss.
  @Test func zerosAreNoEnding() throws {
    let (file, _, ends, _) = try envelope()
    for end in ends.dropLast() {
      for zeros in 1...40 {
        let bytes = file.prefix(end) + [UInt8](repeating: 0, count: zeros)
        let found = try Envelope(scanning: Array(bytes))
        #expect(found.ending == nil && found.wholeBytes == end, "\(zeros) zeros after \(end)")
        #expect(throws: FormatError.self) { try Envelope.read(Array(bytes)) }
        guard zeros >= 16 else { continue }
        // In place of the end of the last message.
        let torn = file.prefix(end - zeros) + [UInt8](repeating: 0, count: zeros)
        #expect(try Envelope(scanning: Array(torn)).messages.count == ends.firstIndex(of: end))
      }
    }
    #expect(try Envelope.read(file).hasCertainEnding)
  }

  /// Version 129 is read, where zeros are the ending.
  @Test func theOlderEndingIsRead() throws {
    var (file, _, _, _) = try envelope()
    file[6] = 129
    #expect(throws: FormatError.self) { try Envelope.read(file) }
    file.replaceSubrange(file.count - 4..<file.count, with: [0, 0, 0, 0])
    let found = try Envelope.read(file)
    #expect(found.ending == .complete && !found.hasCertainEnding && Envelope.isEnvelope(file))
    #expect(found.header.bytes == Array(file.prefix(EnvelopeHeader.byteCount)))
    file[6] = 131
    #expect(!Envelope.isEnvelope(file))
  }

  @Test func everyChangedByteIsFound() throws {
    let (file, _, _, _) = try envelope()
    for offset in file.indices {
      var bytes = file
      bytes[offset] ^= UInt8(1 << (offset % 8))
      let isFound: Bool
      do {
        let opened = try open(bytes)
        isFound = opened.damage != nil || !opened.isLast
      } catch { isFound = true }
      #expect(isFound, "byte \(offset)")
    }
  }

  @Test func messagesOpenInTheirPlaceOnly() throws {
    let (file, _, ends, _) = try envelope()
    let starts = [EnvelopeHeader.byteCount] + ends.dropLast()
    let pieces = zip(starts, ends).map { Array(file[$0..<$1]) }
    let head = Array(file.prefix(EnvelopeHeader.byteCount))
    for (one, other) in [(1, 2), (2, 3), (0, 1)] {
      var moved = pieces
      moved.swapAt(one, other)
      #expect(try open(head + moved.joined()).damage != nil, "\(one) and \(other)")
    }
    for left in 0..<(pieces.count - 1) {
      var fewer = pieces
      fewer.remove(at: left)
      #expect(try open(head + fewer.joined()).damage != nil, "without \(left)")
    }
    // Of another envelope with the same key, session and place.
    let other = try envelope().file
    let mixed = Array(file.prefix(starts[2])) + other[starts[2]..<ends[2]] + file[ends[2]...]
    #expect(try open(mixed).damage?.record == 2)
    #expect(try open(head + other.dropFirst(head.count)).messages == 0)
  }

  /// With every field of the header as an attacker would set it, whose own secret the recipient could open too.
  @Test func anEnvelopeOfAnotherSessionIsRefused() throws {
    let (file, _, _, secret) = try envelope()
    var header = SampleSegments.header
    header.session = SessionID([UInt8](repeating: 9, count: 16))
    let other = try envelope(session: header).file
    var forged = try Envelope.read(other).header
    #expect(try open(other).damage == nil)
    forged.session = SampleSegments.header.session
    #expect(try open(forged.bytes + other.dropFirst(forged.bytes.count)).messages == 0)
    forged.secret = secret
    #expect(try open(forged.bytes + other.dropFirst(forged.bytes.count)).messages == 0)
    #expect(file.count == other.count)
  }

  @Test func anotherKeyOpensNothing() throws {
    let (_, _, _, secret) = try envelope()
    let other = try PrivateKey()
    #expect(throws: SealingError.refused) { try SessionSecret(opening: secret, with: other) }
  }

  @Test func nothingIsSealedToAWeakKey() {
    #expect(throws: SealingError.weakPublicKey) { try PublicKey([UInt8](repeating: 0, count: 32)).check() }
  }

  @Test func aMistypedKeyIsRefused() throws {
    let text = "\(key.publicKey)"
    #expect(try PublicKey(text: " \(text)\r\n") == key.publicKey)
    #expect(throws: SealingError.notAPublicKey) { try PublicKey(text: "") }
    let front = "scrim-public-key-1:".utf8.count
    for place in text.indices {
      var wrong = text
      let digit = wrong.remove(at: place)
      #expect(throws: SealingError.notAPublicKey) { try PublicKey(text: wrong) }
      wrong.insert(digit == "0" ? "1" : "0", at: place)
      guard text.distance(from: text.startIndex, to: place) >= front else { continue }
      #expect(throws: SealingError.notAPublicKey) { try PublicKey(text: wrong) }
    }
  }

  /// The reader trusts no length: any bytes are read or refused, and nothing crashes.
  @Test func anyBytesAreReadOrRefused() throws {
    let (file, _, _, _) = try envelope()
    var random = SeededGenerator(seed: 15)
    for _ in 0..<2000 {
      var bytes = file
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 7))
        default: bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF], at: place)
        }
        guard !bytes.isEmpty else { break }
      }
      guard bytes != file, let found = try? Envelope(scanning: bytes) else { continue }
      #expect(found.wholeBytes <= bytes.count)
      guard let secret = try? SessionSecret(opening: found.header.secret, with: key),
        found.header.index < 1000
      else { continue }
      _ = try found.open(bytes, with: secret)
    }
  }
}
