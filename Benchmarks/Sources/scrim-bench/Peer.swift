import Foundation

/// Result of another program on the same input, as a whole process.
struct PeerResult: Codable {
  var input: String
  var program: String
  /// Milliseconds, user and system, the median of the runs.
  var cpu: Double
  /// Its time relative to `scrim`, run alternately.
  var ratio: Double
  var bytes: Int
  /// Its bytes relative to `scrim`.
  var bytesRatio: Double
  var memory: Int
  var runs: Int

  static func table(_ results: [PeerResult]) -> [String] {
    [
      "whole processes, user + system".padded(52)
        + "     CPU ms   /  scrim's         bytes  /  scrim's    memory  runs"
    ]
      + results.map {
        ($0.input.padded(19) + $0.program).padded(52)
          + String(format: "%11.0f%11.1f ×", $0.cpu, $0.ratio) + grouped($0.bytes).padded(-14)
          + String(format: "%9.2f ×%7.0f MB%6d", $0.bytesRatio, Double($0.memory) / 1e6, $0.runs)
      }
  }
}

/// A program to run, whose output file or folder is made anew.
struct Peer {
  var name: String
  /// Its command lines, run one after the other and counted together.
  var commands: [[String]]
  var output: String

  fileprivate struct Run {
    var cpu = 0.0
    var memory = 0
    var bytes = 0
  }

  fileprivate func run() throws -> Run {
    var total = Run()
    try? FileManager.default.removeItem(atPath: output)
    for command in commands {
      let run = Program.run(command)
      guard run.status == 0 else {
        throw BenchError("\(name): ended with status \(run.status): \(command.joined(separator: " "))")
      }
      total.cpu += run.cpu
      total.memory = max(total.memory, run.memory)
    }
    total.bytes = Program.size(of: output)
    try? FileManager.default.removeItem(atPath: output)
    return total
  }

  /// Runs `scrim` and its peers alternately: five rounds, fewer if these would take minutes.
  static func measure(_ input: String, scrim: Peer, peers: [Peer]) throws -> [PeerResult] {
    let budget = 40_000.0
    var results: [PeerResult] = []
    var own: [Run] = [try scrim.run()]
    var rows: [(Peer, [Run], [Double])] = []
    for peer in peers {
      var runs: [Run] = []
      var ratios: [Double] = []
      repeat {
        let mine = try scrim.run()
        let theirs = try peer.run()
        own.append(mine)
        runs.append(theirs)
        ratios.append(theirs.cpu / max(mine.cpu, 1e-6))
      } while runs.count < 5 && runs.reduce(0) { $0 + $1.cpu } < budget
      rows.append((peer, runs, ratios))
    }
    func add(_ peer: Peer, _ runs: [Run], _ ratios: [Double]) {
      results.append(
        PeerResult(
          input: input, program: peer.name, cpu: runs.map(\.cpu).median, ratio: ratios.median,
          bytes: runs[0].bytes, bytesRatio: Double(runs[0].bytes) / Double(max(own[0].bytes, 1)),
          memory: runs.map(\.memory).max() ?? 0, runs: runs.count))
    }
    add(scrim, own, [1])
    for (peer, runs, ratios) in rows { add(peer, runs, ratios) }
    return results
  }

  /// Prints the programs that are missing.
  static func say(missing programs: [String]) {
    for program in programs {
      FileHandle.standardError.write(Data("peers: left out, \(program) is not installed\n".utf8))
    }
  }
}
