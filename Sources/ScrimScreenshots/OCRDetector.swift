import Foundation
import Glibc
import ScrimRedact

/// Finds words in a picture with an installed `tesseract`, where no boxes exist.
///
/// The picture goes to it and the words come back through memory: no file of either is ever made. What it fails to
/// read is not masked: ``notice`` belongs into every report of a run that used it.
public struct OCRDetector: Sendable {
  /// What a report must say.
  public static let notice =
    "boxes were found by OCR: text that it did not recognise is NOT masked; recall is not guaranteed"

  /// Bytes of an answer at most; a full page of words is some hundred kilobytes.
  private static let answerLimit = 64 << 20

  private let executable: String
  /// Seconds one picture may take.
  public let timeout: Double

  /// - Parameter searchPath: folders to look in, colon-separated; nil for those of the environment.
  /// - Throws: ``OCRFault/notInstalled``.
  public init(searchPath: String? = nil, timeout: Double = 120) throws(OCRFault) {
    let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    let found = path.split(separator: ":").map { String($0) + "/tesseract" }.first {
      $0.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: $0)
    }
    guard let found else { throw .notInstalled }
    executable = found
    self.timeout = timeout
  }

  /// The words of a picture, as a list of places in it.
  ///
  /// - Parameter pixels: `width × height` pixels `0x??RRGGBB`, as displayed.
  public func boxes(in pixels: Span<UInt32>, size: PixelSize) throws(OCRFault) -> Sidecar {
    precondition(pixels.count == size.width * size.height, "a picture needs width × height pixels")
    let input = try OCRDetector.memory()
    let output = try OCRDetector.memory()
    do {
      try input.write(contentsOf: OCRDetector.pixmap(pixels, size))
      try input.seek(toOffset: 0)
    } catch {
      throw .system("handing the picture over")
    }
    try run(from: input, to: output)
    let answer: Data
    do {
      guard try output.seekToEnd() <= UInt64(OCRDetector.answerLimit) else {
        throw OCRFault.unreadable("too long")
      }
      try output.seek(toOffset: 0)
      answer = try output.readToEnd() ?? Data()
    } catch {
      throw error as? OCRFault ?? .system("reading the answer")
    }
    do {
      let request = SidecarRequest(image: "", stored: size, displayed: size)
      var sidecar = try TesseractTSV.read(Array(answer), for: request)
      sidecar.space = .displayed
      sidecar.format = "ocr"
      return sidecar
    } catch {
      throw .unreadable(error.description)
    }
  }

  private func run(from input: FileHandle, to output: FileHandle) throws(OCRFault) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    // Sparse text: a screen is no page with columns.
    process.arguments = ["stdin", "stdout", "--psm", "11", "tsv"]
    process.currentDirectoryURL = URL(fileURLWithPath: "/")
    var environment = ["OMP_THREAD_LIMIT": "1", "LC_ALL": "C"]
    environment["TESSDATA_PREFIX"] = ProcessInfo.processInfo.environment["TESSDATA_PREFIX"]
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    do { try process.run() } catch { throw .system("starting \(executable)") }
    guard ended.wait(timeout: .now() + timeout) == .success else {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
      throw .timedOut(seconds: timeout)
    }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw .failed(status: process.terminationStatus)
    }
  }

  /// A file in memory. Its name is gone before anything is written to it, so that no kill can leave a picture behind.
  private static func memory() throws(OCRFault) -> FileHandle {
    let name = "/scrim-\(getpid())-\(UInt64.random(in: .min ... .max))"
    // The strings live as terminated C strings until the calls return, which keep no pointer to them.
    let descriptor = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("making room in memory (/dev/shm)") }
    unsafe shm_unlink(name)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// A portable pixmap, the one form that needs no decoder to speak of on the other side.
  private static func pixmap(_ pixels: Span<UInt32>, _ size: PixelSize) -> Data {
    var bytes = Array("P6\n\(size.width) \(size.height)\n255\n".utf8)
    bytes.reserveCapacity(bytes.count + 3 * pixels.count)
    for index in pixels.indices {
      let pixel = pixels[index]
      bytes.append(UInt8(truncatingIfNeeded: pixel >> 16))
      bytes.append(UInt8(truncatingIfNeeded: pixel >> 8))
      bytes.append(UInt8(truncatingIfNeeded: pixel))
    }
    return Data(bytes)
  }
}

/// Why OCR gave no boxes.
public enum OCRFault: Error, Hashable, Sendable, CustomStringConvertible {
  case notInstalled
  case system(String)
  case timedOut(seconds: Double)
  case failed(status: Int32)
  case unreadable(String)

  /// Whether no other picture will fare better: the run should end.
  public var isOfEnvironment: Bool {
    switch self {
    case .notInstalled, .system: true
    case .timedOut, .failed, .unreadable: false
    }
  }

  public var description: String {
    switch self {
    case .notInstalled: "tesseract is not on the PATH; install it (apt install tesseract-ocr) or give boxes"
    case .system(let doing): "\(doing) failed; is there memory left?"
    case .timedOut(let seconds):
      "tesseract took longer than \(seconds) s for one picture and was ended; give boxes"
    case .failed(let status):
      "tesseract ended with status \(status); try `tesseract --list-langs`, and the picture by hand"
    case .unreadable(let reason): "tesseract's answer can't be used: \(reason)"
    }
  }
}
