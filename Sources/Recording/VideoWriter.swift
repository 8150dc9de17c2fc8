internal import Archive
internal import Foundation

/// Turns frames into a video or an animated image with the program `ffmpeg`.
///
/// Frames go to it raw through a pipe. The file appears under its name when it is complete, replacing an earlier one.
public final class VideoWriter {
  /// Kinds of files, by the name's extension.
  public enum Format: String, CaseIterable, Sendable {
    /// H.264 video.
    case mp4
    /// Animated image.
    case gif

    /// The format that a file's name asks for; throws for other extensions.
    public init(ofFile path: String) throws(VideoError) {
      let name = URL(fileURLWithPath: path).pathExtension.lowercased()
      guard let format = Format(rawValue: name) else { throw .unknownFormat(path) }
      self = format
    }
  }

  private let path: String
  private let partial: String
  private let frameBytes: Int
  private let process = Process()
  private let input = Pipe()
  private let errors = Pipe()

  /// Starts a file of frames of `height` x `width` pixels, both even, shown `rate` a second.
  ///
  /// - Throws: `VideoError` when ffmpeg is missing or the format unknown.
  public init(_ path: String, height: Int, width: Int, rate: Double) throws {
    precondition(height > 0 && width > 0 && height % 2 == 0 && width % 2 == 0, "frames of \(height)x\(width)")
    let format = try Format(ofFile: path)
    guard let program = Self.program() else { throw VideoError.noProgram }
    self.path = path
    partial = path + ".partial"
    frameBytes = 3 * height * width
    process.executableURL = URL(fileURLWithPath: program)
    let encoding =
      switch format {
      case .mp4: ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-movflags", "+faststart"]
      // colors chosen for the whole animation
      case .gif: ["-filter_complex", "[0:v]split[a][b];[a]palettegen[p];[b][p]paletteuse"]
      }
    process.arguments =
      ["-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "\(width)x\(height)"]
      + ["-framerate", "\(rate)", "-i", "-"] + encoding + ["-f", format.rawValue, "file:" + partial]
    process.standardInput = input
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    // a program that ends early must give an error, not end this one
    signal(SIGPIPE, SIG_IGN)
    try process.run()
  }

  /// The path of ffmpeg, nil if it is not installed.
  public static func program() -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/ffmpeg" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Adds a frame: rows of red, green and blue from the top left.
  public func add(_ pixels: [UInt8]) throws {
    precondition(pixels.count == frameBytes, "a frame of \(pixels.count) bytes, not \(frameBytes)")
    do {
      try input.fileHandleForWriting.write(contentsOf: Data(pixels))
    } catch {
      throw failure()
    }
  }

  /// Completes the file.
  public func finish() throws {
    try? input.fileHandleForWriting.close()
    let complaint = failure()
    guard process.terminationStatus == 0 else { throw complaint }
    guard rename(partial, path) == 0 else { throw FileSystem.failure("rename to", path) }
  }

  /// Ends the program and removes what it has written.
  public func abandon() {
    try? input.fileHandleForWriting.close()
    // ffmpeg would go on waiting for frames after a polite request
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: partial)
  }

  /// Waits for the program's end and says what it complained of.
  private func failure() -> VideoError {
    try? input.fileHandleForWriting.close()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 { try? FileManager.default.removeItem(atPath: partial) }
    return .failed(path: path, reason: text.trimmingCharacters(in: .whitespacesAndNewlines))
  }
}

/// Why there is no video.
public enum VideoError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's name has an extension that says nothing.
  case unknownFormat(String)
  /// ffmpeg is not installed.
  case noProgram
  /// ffmpeg gave up.
  case failed(path: String, reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .unknownFormat(let path):
      "'\(path)' says no format: its name must end in "
        + VideoWriter.Format.allCases.map { ".\($0.rawValue)" }.joined(separator: " or ")
    case .noProgram: "ffmpeg is missing; 'apt-get install ffmpeg' installs it"
    case .failed(let path, let reason): "ffmpeg could not write \(path): \(reason)"
    }
  }
}
