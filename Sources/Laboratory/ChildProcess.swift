package import Archive
import Foundation

/// A process of this program whose output comes back through pipes. It is over when the process is: whatever it has
/// started may hold the pipes' other ends for ever.
package struct ChildProcess {
  package let identifier: pid_t
  /// Reading ends of its standard output and error; -1 once closed.
  package private(set) var pipes: [Int32]
  private var partial: [[UInt8]] = [[], []]

  /// Starts `executable` with `arguments`; its standard input is empty. Throws `ArchiveError.system`.
  package init(executable: String, arguments: [String]) throws(ArchiveError) {
    let output = try Self.makePipe()
    let errors: (reading: Int32, writing: Int32)
    do {
      errors = try Self.makePipe()
    } catch {
      Glibc.close(output.reading)
      Glibc.close(output.writing)
      throw error
    }
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer {
      Glibc.close(null)
      Glibc.close(output.writing)
      Glibc.close(errors.writing)
    }
    do {
      identifier = try Subprocess.start(
        executable, arguments, input: null, output: output.writing, errors: errors.writing)
    } catch {
      Glibc.close(output.reading)
      Glibc.close(errors.reading)
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

  /// Whether both pipes are closed, as they are when the process is about to leave.
  package var isDrained: Bool { pipes.allSatisfy { $0 < 0 } }

  /// Its exit status, or 128 and the signal that killed it, once it has ended; nil while it runs. Not to be asked again
  /// after that.
  package func poll() -> Int32? { Subprocess.poll(identifier) }

  /// Closes the pipes, whoever still holds their other ends. What is left of a line then counts as one.
  package mutating func close() -> [String] {
    for pipe in pipes.indices where pipes[pipe] >= 0 {
      Glibc.close(pipes[pipe])
      pipes[pipe] = -1
    }
    defer { partial = [[], []] }
    return partial[1].isEmpty ? [] : [String(decoding: partial[1], as: UTF8.self)]
  }

  /// Sends a signal.
  package func signal(_ number: Int32) { kill(identifier, number) }

  /// Takes what has arrived on pipe 0 (output) or 1 (errors), without waiting, as whole lines.
  package mutating func readLines(of pipe: Int) -> [String] {
    guard pipes[pipe] >= 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 4096)
    // a bound, for one that never stops talking; a line without end is cut
    for _ in 0..<1024 {
      let count = read(pipes[pipe], &buffer, buffer.count)
      if count > 0 {
        partial[pipe] += buffer[..<count]
      } else if count < 0, errno == EINTR {
        continue
      } else {
        if count == 0 || errno != EAGAIN {
          Glibc.close(pipes[pipe])
          pipes[pipe] = -1
          if !partial[pipe].isEmpty { partial[pipe].append(UInt8(ascii: "\n")) }
        }
        break
      }
    }
    if partial[pipe].count > 1 << 20 { partial[pipe].append(UInt8(ascii: "\n")) }
    guard let end = partial[pipe].lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let text = String(decoding: partial[pipe][..<end], as: UTF8.self)
    partial[pipe].removeSubrange(...end)
    return text.split(separator: "\n").map(String.init)
  }
}
