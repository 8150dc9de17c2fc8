import Archive
import ArgumentParser
import Foundation
import Kernels
import Synchronization

/// Reads mutated files, settings and messages, as many as asked for, and reports every input at which the program
/// traps, takes more than a second of the processor or more memory than ten times its size (and 64 MiB).
///
/// Inputs are read by a child process, which is started anew after each that ends it.
@main
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "foresight-fuzz",
    abstract: "Feed mutated files, settings and messages to whatever reads them.",
    discussion: """
      Input N of a seed is always the same, and goes to one reader. The exit status is 1 when any input ends the \
      reader in another way than by a value or an error.

      Example: foresight-fuzz --inputs 1000000
      """)

  @Option(help: "Inputs.") var inputs = 10_000
  @Option(help: "Number of the first one.") var first = 0
  @Option(help: "Seed of all of them.") var seed: UInt64 = 0
  @Option(help: "Only this reader.") var only: String?
  @Flag(help: .hidden) var child = false
  @Option(help: .hidden) var progress = ""

  func run() throws {
    if child { return try read() }
    let progress = Progress(path: NSTemporaryDirectory() + "foresight-fuzz-\(getpid())")
    defer { progress.remove() }
    var (next, failures) = (first, 0)
    while next < first + inputs {
      progress.value.pointee = Int64(next)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments =
        [
          "--child", "--inputs", "\(first + inputs - next)", "--first", "\(next)", "--seed", "\(seed)", "--progress",
          progress.path,
        ] + (only.map { ["--only", $0] } ?? [])
      try process.run()
      process.waitUntilExit()
      if process.terminationReason == .exit, process.terminationStatus == 0 { break }
      let input = Int(progress.value.pointee)
      print("input \(input) of seed \(seed): ended with \(process.terminationStatus)")
      failures += 1
      next = input + 1
    }
    print("\(inputs) inputs, \(failures) of them ended the reader")
    if failures > 0 { throw ExitCode(1) }
  }

  private func read() throws {
    let folder =
      (FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory())
      + "/foresight-fuzz-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shared = Progress(path: progress)
    var targets = FuzzTarget.settings(in: folder) + FuzzTarget.lines
    targets += try FuzzTarget.files(in: folder)
    if let only {
      targets = targets.filter { $0.name == only }
      guard !targets.isEmpty else { throw ValidationError("no reader is called '\(only)'") }
    }
    let shares = targets.indices.flatMap { Array(repeating: $0, count: targets[$0].share) }
    Watch.start()
    var peak = Self.peak
    var refused = Array(repeating: 0, count: targets.count)
    var read = refused
    for input in first..<first + inputs {
      shared.value.pointee = Int64(input)
      let index = only == nil ? shares[RandomStream.index(of: input, seed: seed, below: shares.count)] : 0
      var mutator = Mutator(
        seed: seed, input: input, target: targets[index].name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFF_FFFF })
      let bytes = mutator.input(from: targets[index].examples, tokens: targets[index].tokens)
      Watch.begin()
      do { try targets[index].read(bytes, &mutator) } catch { refused[index] += 1 }
      Watch.end()
      read[index] += 1
      let before = peak
      peak = Self.peak
      if peak - before > max(64 << 20, 10 * bytes.count) {
        StandardError.say("\(targets[index].name): \((peak - before) >> 20) MiB for \(bytes.count) bytes")
        _exit(98)
      }
    }
    for (index, target) in targets.enumerated() where read[index] > 0 {
      print("\(target.name): \(read[index]) inputs, \(refused[index]) refused")
    }
  }

  /// Most memory that this process has had, in bytes.
  private static var peak: Int {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }
}

/// Eight bytes that parent and child share.
private final class Progress {
  let path: String
  let value: UnsafeMutablePointer<Int64>

  init(path: String) {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
    ftruncate(descriptor, 8)
    let address = mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    close(descriptor)
    guard let address, address != MAP_FAILED else { preconditionFailure("no shared memory at \(path)") }
    value = address.assumingMemoryBound(to: Int64.self)
  }

  func remove() { unlink(path) }
}

/// Ends the process when an input takes more than a second of processor time.
private enum Watch {
  private static let began = Atomic<Int>(-1)

  private static var spent: Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
  }

  static func begin() { began.store(spent, ordering: .relaxed) }
  static func end() { began.store(-1, ordering: .relaxed) }

  static func start() {
    Thread.detachNewThread {
      while true {
        usleep(100_000)
        let start = began.load(ordering: .relaxed)
        guard start >= 0, spent - start > 1_000_000, began.load(ordering: .relaxed) == start else { continue }
        StandardError.say("more than a second for one input")
        _exit(97)
      }
    }
  }
}

private enum StandardError {
  static func say(_ line: String) { StandardStreams.writeErrors(line + "\n") }
}

extension RandomStream {
  /// A number below `count` for an input.
  fileprivate static func index(of input: Int, seed: UInt64, below count: Int) -> Int {
    var random = RandomStream(seed: seed).child("reader").child(input)
    return random.index(below: count)
  }
}
