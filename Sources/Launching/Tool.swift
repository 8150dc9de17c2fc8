import Foundation

/// Running a scheduler's command to its end.
package enum Tool {
  /// What a finished command left.
  package struct Result: Sendable {
    /// Its exit status; 127 where there is no such command.
    package let status: Int32
    package let output: String
    package let errors: String

    /// The last line of what it said, errors first.
    package var reason: String {
      let lines = (errors.isEmpty ? output : errors).split(separator: "\n")
      return lines.last.map(String.init) ?? "exit status \(status)"
    }
  }

  /// Runs `command`, looked up in `PATH`, with an empty standard input.
  package static func run(_ command: String, _ arguments: [String]) throws -> Result {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let collected = Collected()
    let thread = Thread { collected.set(errors.fileHandleForReading.readDataToEndOfFile()) }
    thread.start()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let said = collected.wait()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: said, as: UTF8.self))
  }

  /// A text as one word for a shell.
  package static func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || [0x2F, 0x2E, 0x5F, 0x2D, 0x2B, 0x3D, 0x3A, 0x2C, 0x40, 0x25].contains(byte)
    }
    return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }
}

/// What one thread hands to another.
private final class Collected: @unchecked Sendable {
  private let condition = NSCondition()
  private var data: Data?

  func set(_ data: Data) {
    condition.withLock { self.data = data }
    condition.signal()
  }

  func wait() -> Data {
    condition.withLock {
      while data == nil { condition.wait() }
      return data ?? Data()
    }
  }
}
