internal import Archive
import Foundation

/// A process of this program whose output comes back through pipes.
struct ChildProcess {
  let identifier: pid_t
  /// Reading ends of its standard output and error; -1 once closed.
  private(set) var pipes: [Int32]
  private var partial: [[UInt8]] = [[], []]

  /// Starts `executable` with `arguments`; its standard input is empty. Throws `ArchiveError.system`.
  init(executable: String, arguments: [String]) throws(ArchiveError) {
    let output = try Self.makePipe()
    let errors: (reading: Int32, writing: Int32)
    do {
      errors = try Self.makePipe()
    } catch {
      close(output.reading)
      close(output.writing)
      throw error
    }
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer {
      close(null)
      close(output.writing)
      close(errors.writing)
    }
    do {
      identifier = try Subprocess.start(
        executable, arguments, input: null, output: output.writing, errors: errors.writing)
    } catch {
      close(output.reading)
      close(errors.reading)
      throw error
    }
    pipes = [output.reading, errors.reading]
    for descriptor in pipes { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
  }

  private static func makePipe() throws(ArchiveError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw .system(action: "make", path: "a pipe", reason: String(cString: strerror(errno)))
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Whether both pipes are closed, which is when the process has left.
  var isDrained: Bool { pipes.allSatisfy { $0 < 0 } }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(identifier, number) }

  /// Takes what has arrived on pipe 0 (output) or 1 (errors), without waiting, as whole lines.
  mutating func readLines(of pipe: Int) -> [String] {
    guard pipes[pipe] >= 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(pipes[pipe], &buffer, buffer.count)
      if count > 0 {
        partial[pipe] += buffer[..<count]
      } else if count < 0, errno == EINTR {
        continue
      } else {
        if count == 0 || errno != EAGAIN {
          close(pipes[pipe])
          pipes[pipe] = -1
          if !partial[pipe].isEmpty { partial[pipe].append(UInt8(ascii: "\n")) }
        }
        break
      }
    }
    guard let end = partial[pipe].lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let text = String(decoding: partial[pipe][..<end], as: UTF8.self)
    partial[pipe].removeSubrange(...end)
    return text.split(separator: "\n").map(String.init)
  }

  /// Waits for the process to end; its exit status, or 128 and the signal that killed it.
  func wait() -> Int32 { Subprocess.wait(for: identifier) }
}
