import Catalog
import Foundation
import Laboratory
import Recording
import Testing
import TestSupport

/// `foresight record`.
@Suite struct RecordTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func train(_ settings: [String] = []) throws {
    let options = settings.flatMap { ["--set", $0] }
    let trained = try Program.run(
      ["train", "random", "cartpole-swingup", "--steps", "40", "--out", "runs", "--set", "environment.step_limit=20"]
        + options, in: root.path)
    #expect(trained.status == 0, "\(trained.errors)")
  }

  private var run: String { "runs/cartpole-swingup/random/seed-0" }

  @Test(
    .enabled(if: VideoWriter.program() != nil, "ffmpeg is not installed"), arguments: ["cart.mp4", "cart.gif"])
  func aRunBecomesAVideo(file: String) throws {
    try train(["environment.wrappers.normalize_observations=true"])
    let recorded = try Program.run(["record", run, "--episodes", "2", "--out", file, "--height", "64"], in: root.path)
    #expect(recorded.status == 0, "\(recorded.errors)")
    #expect(recorded.output.contains("episode 1: return"))
    let pixels = try Self.decode("\(root.path)/\(file)")
    // two episodes of 20 steps and their starts, 64 x 162 pixels
    let frame = 3 * 64 * 162
    try #require(pixels.count == 42 * frame)
    let (first, last) = (Array(pixels[..<frame]), Array(pixels[(20 * frame)..<(21 * frame)]))
    #expect(Set(first).count > 3 && first != last)
    // the returns are those that 'evaluate' measures
    let measured = try Program.run(["evaluate", run, "--episodes", "2"], in: root.path)
    let returns = recorded.output.split(separator: "\n").prefix(2).compactMap { line in
      line.split(separator: " ").dropFirst(3).first.flatMap { Double($0.dropLast()) }
    }
    let lowest = String(format: "%.2f", returns.min() ?? .nan)
    #expect(measured.output.contains(lowest), "\(recorded.output) \(measured.output)")
  }

  /// The cheetah runs, drawn by MuJoCo.
  @Test(
    .enabled(
      if: VideoWriter.program() != nil && OffscreenLibrary.found() != nil
        && Catalog.registry.environments.contains { $0.name == "HalfCheetah-v5" },
      "ffmpeg, or both EGL and OSMesa, are not installed, or the package was built without MuJoCo"))
  func aMuJoCoRunBecomesAVideo() throws {
    let trained = try Program.run(
      ["train", "random", "HalfCheetah-v5", "--steps", "20", "--out", "runs", "--set", "environment.step_limit=20"],
      in: root.path)
    #expect(trained.status == 0, "\(trained.errors)")
    let recorded = try Program.run(
      ["record", "runs/HalfCheetah-v5/random/seed-0", "--out", "run.mp4", "--height", "96"], in: root.path)
    #expect(recorded.status == 0, "\(recorded.errors)")
    let frame = 3 * 96 * 128
    let pixels = try Self.decode("\(root.path)/run.mp4")
    try #require(pixels.count == 21 * frame)
    let (first, last) = (pixels[..<frame], pixels[(20 * frame)...])
    #expect(Set(first).count > 20, "one color")
    #expect(!first.elementsEqual(last), "nothing moves")
  }

  /// The lander falls, drawn by Gymnasium in its Python process; so does what a wrapper shows.
  @Test(.enabled(if: VideoWriter.program() != nil, "ffmpeg is not installed"))
  func aGymnasiumRunBecomesAVideo() throws {
    let trained = try Program.run(
      [
        "train", "random", "gymnasium:LunarLander-v3", "--steps", "30", "--out", "runs", "--set",
        "environment.wrappers.time_limit=30",
      ], in: root.path)
    #expect(trained.status == 0, "\(trained.errors)")
    let run = "runs/gymnasium_LunarLander-v3/random/seed-0"
    let recorded = try Program.run(["record", run, "--out", "lander.mp4"], in: root.path)
    #expect(recorded.status == 0, "\(recorded.errors)")
    #expect(recorded.output.contains("50 frames a second"), "\(recorded.output)")
    let frame = 3 * 400 * 600
    let pixels = try Self.decode("\(root.path)/lander.mp4")
    try #require(pixels.count == 31 * frame)
    let (first, last) = (pixels[..<frame], pixels[(30 * frame)...])
    #expect(Set(first).count > 20, "one color")
    #expect(!first.elementsEqual(last), "nothing moves")
    let measured = try Program.run(["evaluate", run, "--episodes", "1"], in: root.path)
    let total = recorded.output.split(separator: " ")[3].dropLast()
    #expect(measured.output.contains(total), "\(recorded.output) \(measured.output)")
  }

  /// The frames of a file, one after the other, as ffmpeg decodes them.
  private static func decode(_ path: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: VideoWriter.program() ?? "")
    process.arguments = ["-loglevel", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let pixels = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    return pixels
  }

  @Test func withoutFfmpegItSaysHowToGetIt() throws {
    try train()
    let result = try Program.run(["record", run, "--out", "a.mp4"], in: root.path, environment: ["PATH": root.path])
    #expect(result.status == 1)
    #expect(result.errors.contains("apt-get install ffmpeg"), "\(result.errors)")
  }

  @Test(arguments: [
    (["record", "nowhere", "--out", "a.mp4"], "nowhere holds no saved run"),
    (["record", "nowhere", "--out", "a.avi"], "must end in .mp4 or .gif"),
    (["record", "nowhere", "--out", "a.gif", "--height", "33"], "height = 33"),
    (["record", "nowhere", "--out", "a.gif", "--episodes", "0"], "episodes = 0"),
    (["record", "nowhere"], "--out"),
  ])
  func mistakesExitWith64(arguments: [String], message: String) throws {
    let result = try Program.run(arguments, in: root.path)
    #expect(result.status == 64)
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
