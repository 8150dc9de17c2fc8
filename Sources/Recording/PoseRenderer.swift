internal import Archive
internal import Foundation

/// Draws poses of a MuJoCo model with MuJoCo's own renderer, in a Python process: `pose_renderer.py`, which documents the
/// protocol.
final class PoseRenderer {
  let modelFile: String
  private let poseSize: Int
  private let frameBytes: Int
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors = Pipe()

  /// Starts Python for poses of `poseSize` numbers. Throws `RecordingError` with its words when it cannot draw.
  init(modelFile: String, poseSize: Int, height: Int, width: Int) throws {
    self.modelFile = modelFile
    self.poseSize = poseSize
    frameBytes = 3 * height * width
    let source =
      PythonInterpreter.passingWorkingFolder + String(decoding: PackageResources.pose_renderer_py, as: UTF8.self)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [PythonInterpreter.found(), "-c", source, modelFile, "\(poseSize)", "\(height)", "\(width)"]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    // a program that ends early must give an error, not end this one
    signal(SIGPIPE, SIG_IGN)
    try process.run()
    _ = try read(1)
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The frame of a pose: rows of red, green and blue from the top left.
  func frame(of positions: [Double]) throws -> [UInt8] {
    precondition(positions.count == poseSize, "\(positions.count) positions instead of \(poseSize)")
    var bytes: [UInt8] = []
    for position in positions {
      withUnsafeBytes(of: position.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    // when the process is gone, reading says why
    try? input.fileHandleForWriting.write(contentsOf: Data(bytes))
    return try read(frameBytes)
  }

  private func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      guard let piece = try output.fileHandleForReading.read(upToCount: count - bytes.count), !piece.isEmpty else {
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lines = text.split(separator: "\n")
        throw RecordingError.cannotDraw(modelFile: modelFile, reason: lines.last.map { String($0) } ?? "Python ended")
      }
      bytes += piece
    }
    return bytes
  }
}
