import Environments
import Foundation
import Interfaces
import Kernels
import Recording
import TestSupport
import Testing
import Wrappers

/// Frames as they come back from a file. Without ffmpeg there is nothing to test, and the reason is in the report.
@Suite(.enabled(if: VideoWriter.program() != nil, "ffmpeg is not installed"))
struct VideoTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  /// The frames of a file, as ffmpeg decodes them.
  private static func frames(_ path: String, bytes: Int) throws -> [[UInt8]] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: VideoWriter.program() ?? "")
    process.arguments = ["-loglevel", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    return stride(from: 0, to: data.count, by: bytes).map { Array(data[$0..<min($0 + bytes, data.count)]) }
  }

  @Test(arguments: ["mp4", "gif"]) func anEpisodeComesBackAsItWasDrawn(format: String) throws {
    let path = "\(root.path)/cart.\(format)"
    let recorder = try Recorder(path, height: 110, timeStep: 0.04)
    // wrappers show what they wrap
    var environment: any Environment = ActionRepeat(CartPoleSwingUp(CartPoleSwingUpSettings()), times: 1)
    var (random, observation) = (RandomStream(seed: 1), [Float](repeating: 0, count: 5))
    try environment.reset(using: &random, observation: &observation)
    var drawn: [Canvas] = []
    for step in 0..<12 {
      if step > 0 { _ = try environment.step([3], observation: &observation) }
      try recorder.add(&environment)
      guard case .scene(let scene) = try environment.picture() else { continue }
      var canvas = Canvas(height: 110, width: 280)
      canvas.draw(scene)
      drawn.append(canvas)
    }
    try recorder.finish()
    #expect(recorder.framesPerSecond == 25)
    let frames = try Self.frames(path, bytes: 3 * 110 * 280)
    try #require(frames.count == 12 && drawn.count == 12)
    for (frame, canvas) in zip(frames, drawn) {
      try #require(frame.count == canvas.pixels.count)
      let error = zip(frame, canvas.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
      #expect(error / Double(frame.count) < 4, "frames come back otherwise")
      #expect(Set(frame).count > 3, "one color")
    }
    #expect(frames[0] != frames[11], "nothing moves")
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["cart.\(format)"])
  }

  /// 125 pictures a second are shown as 41.7, every third.
  @Test func fastTasksLeaveFramesOut() throws {
    let path = root.path + "/fast.mp4"
    let recorder = try Recorder(path, height: 32, timeStep: 0.008)
    var environment: any Environment = Pendulum(PendulumSettings())
    for _ in 0..<9 { try recorder.add(&environment) }
    try recorder.finish()
    #expect(abs(recorder.framesPerSecond - 125.0 / 3) < 1e-9)
    #expect(try Self.frames(path, bytes: 3 * 32 * 32).count == 3)
  }

  @Test func whatCannotBeDrawnLeavesNoFile() throws {
    let recorder = try Recorder(root.path + "/none.gif", height: 32, timeStep: 0.1)
    var environment: any Environment = Invisible()
    #expect(throws: RecordingError.nothingToSee) { try recorder.add(&environment) }
    #expect(throws: RecordingError.nothingToSee) { try recorder.finish() }
    recorder.abandon()
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == [])
  }

  @Test func whatFfmpegCannotWriteIsItsError() throws {
    let recorder = try Recorder(root.path + "/nowhere/a.mp4", height: 32, timeStep: 0.1)
    var environment: any Environment = Pendulum(PendulumSettings())
    let error = #expect(throws: (any Error).self) {
      for _ in 0..<50 { try recorder.add(&environment) }
      try recorder.finish()
    }
    #expect(error.map { "\($0)" }?.contains("nowhere/a.mp4") == true, "\(error.map { "\($0)" } ?? "none")")
  }
}

@Suite struct VideoNameTests {
  @Test func namesSayTheFormat() throws {
    #expect(try VideoWriter.Format(ofFile: "a/b.MP4") == .mp4)
    #expect(throws: VideoError.unknownFormat("a.avi")) { try VideoWriter.Format(ofFile: "a.avi") }
    #expect("\(VideoError.unknownFormat("a.avi"))" == "'a.avi' says no format: its name must end in .mp4 or .gif")
    #expect("\(VideoError.noProgram)".contains("apt-get install ffmpeg"))
  }
}
