import Foundation
import Glibc
import ScrimRedact

/// Finds words in a picture with an installed `tesseract`, for pictures without boxes.
///
/// The picture and the words are passed through memory: no file of either is ever made. Words that it does
/// not recognise are not masked: ``notice`` must be in every report of a run that used it.
public struct OCRDetector: Sendable {
  /// Text that a report must contain.
  public static let notice =
    "boxes were found by OCR: text that it did not recognise is NOT masked; recall is not guaranteed"

  /// Maximum bytes of an answer; a full page of words is some hundred kilobytes.
  private static let answerLimit = 64 << 20

  private let executable: String
  /// Maximum seconds per picture.
  public let timeout: Double

  /// - Parameters:
  ///   - searchPath: folders to search, colon-separated; nil for those of the environment.
  ///   - timeout: seconds per picture at most.
  /// - Throws: ``OCRError/notInstalled``.
  public init(searchPath: String? = nil, timeout: Double = 120) throws(OCRError) {
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
  /// - Parameters:
  ///   - pixels: `width × height` pixels `0x??RRGGBB`, as displayed.
  ///   - size: the picture's width and height.
  public func boxes(in pixels: Span<UInt32>, size: PixelSize) throws(OCRError) -> Sidecar {
    precondition(pixels.count == size.width * size.height, "a picture needs width × height pixels")
    let input = try OCRDetector.memory()
    let output = try OCRDetector.memory()
    do {
      try input.write(contentsOf: OCRDetector.pixmap(pixels, size))
      try input.seek(toOffset: 0)
    } catch {
      throw .system("passing the picture to tesseract")
    }
    try run(from: input, to: output)
    let answer: Data
    do {
      guard try output.seekToEnd() <= UInt64(OCRDetector.answerLimit) else {
        throw OCRError.unreadable("too long")
      }
      try output.seek(toOffset: 0)
      answer = try output.readToEnd() ?? Data()
    } catch {
      throw error as? OCRError ?? .system("reading tesseract's answer")
    }
    do {
      let request = SidecarRequest(image: "", stored: size, displayed: size)
      var sidecar = try TesseractTSV.read(Array(answer), for: request)
      sidecar.space = .displayed
      // The run's own notice says the same.
      sidecar.notes = []
      sidecar.format = "ocr"
      return sidecar
    } catch {
      throw .unreadable(error.description)
    }
  }

  private func run(from input: FileHandle, to output: FileHandle) throws(OCRError) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    // Sparse text: a screen has no columns as a page has.
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

  /// A file in memory. Its name is removed before anything is written to it, so that a killed process
  /// leaves no picture behind.
  private static func memory() throws(OCRError) -> FileHandle {
    let name = "/scrim-\(getpid())-\(UInt64.random(in: .min ... .max))"
    // The strings live as terminated C strings until the calls return, which keep no pointer to them.
    let descriptor = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("allocating memory in /dev/shm") }
    unsafe shm_unlink(name)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// A portable pixmap (PPM), which is trivial to decode.
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
public enum OCRError: Error, Hashable, Sendable, CustomStringConvertible {
  case notInstalled
  case system(String)
  case timedOut(seconds: Double)
  case failed(status: Int32)
  case unreadable(String)

  public var description: String {
    switch self {
    case .notInstalled: "tesseract is not on the PATH; install it (apt install tesseract-ocr) or give boxes"
    case .system(let doing): "\(doing) failed; is there memory left?"
    case .timedOut(let seconds):
      "tesseract took longer than \(seconds) s for one picture and was stopped; give boxes"
    case .failed(let status):
      "tesseract ended with status \(status); try `tesseract --list-langs`, and run tesseract on the picture yourself"
    case .unreadable(let reason): "tesseract's answer can't be used: \(reason)"
    }
  }
}
