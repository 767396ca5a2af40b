import Foundation
import Glibc
import ScrimCodec
import Testing

/// Real screenshots, decoded by Scrim and by Pillow, whose PNG decoder is not libpng.
@Suite struct CorpusTests {
  static let folder: URL? = {
    let given = ProcessInfo.processInfo.environment["SCRIM_CORPUS"]
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../shared/corpus")
    let url = given.map { URL(fileURLWithPath: $0) } ?? beside.standardizedFileURL
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }()

  /// All screenshots, and of each session's frames every fortieth.
  static func files(in folder: URL, ending: String) -> [URL] {
    let all = (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(ending) }.sorted()
    let frames = all.filter { $0.contains("frames/") }
    let chosen =
      all.filter { !$0.contains("frames/") } + stride(from: 0, to: frames.count, by: 40).map { frames[$0] }
    return chosen.map { folder.appendingPathComponent($0) }
  }

  /// CPU time of this thread, since other tests run in parallel.
  static func threadSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  @Test(
    .enabled(if: Python.hasPillow, "needs python3-pil"),
    .enabled(if: CorpusTests.folder != nil, "needs the corpus: ../shared/corpus, or SCRIM_CORPUS"),
    arguments: [".png", ".jpg", ".jpeg"])
  func picturesDecodeAsPillowDecodesThem(ending: String) throws {
    let program = """
      import io, sys, time
      from PIL import Image
      folder, spent = sys.argv[1], 0
      for index, name in enumerate(sys.argv[2:]):
          data = io.BytesIO(open(name, 'rb').read())
          start = time.process_time()
          image = Image.open(data)
          image.load()
          spent += time.process_time() - start
          open('%s/%d' % (folder, index), 'wb').write(image.convert('RGB').tobytes('raw', 'BGRX'))
      print(spent)
      """
    let corpus = try #require(CorpusTests.folder)
    let files = CorpusTests.files(in: corpus, ending: ending)
    #expect(!files.isEmpty)
    try Python.withFolder { folder in
      let printed = try Python.run(program, [folder.path] + files.map(\.path))
      let theirs = Double(printed.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
      var pixels: [UInt32] = []
      var ours = 0.0
      var count = 0
      for (index, file) in files.enumerated() {
        let bytes = try contents(file)
        let start = CorpusTests.threadSeconds()
        if ending == ".png" {
          _ = try PNG.decode(bytes.span, into: &pixels)
        } else {
          _ = try JPEG.decode(bytes.span, into: &pixels)
        }
        ours += CorpusTests.threadSeconds() - start
        count += pixels.count
        let expected = try Data(contentsOf: folder.appendingPathComponent("\(index)"))
        // Data compares memory, which prevents an unoptimised build from taking minutes.
        let same = unsafe pixels.withUnsafeBytes { unsafe Data($0) } == expected
        #expect(same, "\(file.lastPathComponent)")
      }
      print(
        "\(files.count) files \(ending), \(count) pixels: \(Double(count) / ours / 1e6) MPix/s,",
        "Pillow \(Double(count) / theirs / 1e6) MPix/s")
    }
  }
}
