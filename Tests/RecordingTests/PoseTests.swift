import Archive
import Foundation
import Interfaces
import Kernels
import Recording
import TestSupport
import Testing

/// A red box on a slide, drawn by MuJoCo.
@Suite(
  .enabled(
    if: VideoWriter.program() != nil && OffscreenLibrary.found() != nil,
    "ffmpeg, or both EGL and OSMesa, are not installed"))
struct PoseTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func model(_ text: String) throws -> String {
    let file = root.path + "/box.xml"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }

  private static let box = """
    <mujoco>
      <worldbody>
        <light pos="0 0 4"/>
        <geom type="plane" size="3 3 0.1" rgba="0.8 0.8 0.8 1"/>
        <camera name="track" pos="0 -6 1" xyaxes="1 0 0 0 0 1"/>
        <body pos="0 0 0.4">
          <joint type="slide" axis="1 0 0"/>
          <geom type="box" size="0.3 0.3 0.3" rgba="1 0 0 1"/>
        </body>
      </worldbody>
    </mujoco>
    """

  @Test func theBoxMoves() throws {
    let file = try model(Self.box)
    let recorder = try Recorder(root.path + "/box.mp4", height: 96, timeStep: 0.1)
    var environment: any Environment = Posed(modelFile: file, positions: [-1.2])
    for position in [-1.2, 0, 1.2] {
      environment = Posed(modelFile: file, positions: [position])
      try recorder.add(&environment)
    }
    try recorder.finish()
    let (height, width) = (96, 128)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: VideoWriter.program() ?? "")
    process.arguments = [
      "-loglevel", "error", "-i", root.path + "/box.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let pixels = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    try #require(pixels.count == 3 * 3 * height * width)
    let centers = (0..<3).map { frame in
      var (count, sum) = (0.0, 0.0)
      for pixel in 0..<height * width {
        let first = 3 * (frame * height * width + pixel)
        let (red, green, blue) = (pixels[first], pixels[first + 1], pixels[first + 2])
        guard red > 60, Int(red) > 2 * Int(green), Int(red) > 2 * Int(blue) else { continue }
        count += 1
        sum += Double(pixel % width) + 0.5
      }
      return count > 50 ? sum / count : .nan
    }
    #expect(abs(centers[1] - 64) < 2 && centers[0] < 50 && centers[2] > 78, "\(centers)")
    #expect(abs(centers[0] + centers[2] - 128) < 4, "\(centers)")
  }

  @Test func whatMuJoCoCannotReadIsItsError() throws {
    let file = try model("<mujoco><worldbody><geom size='-1'/></worldbody></mujoco>")
    let recorder = try Recorder(root.path + "/box.mp4", height: 96, timeStep: 0.1)
    var environment: any Environment = Posed(modelFile: file, positions: [0])
    let error = #expect(throws: RecordingError.self) { try recorder.add(&environment) }
    recorder.abandon()
    #expect(error.map { "\($0)" }?.contains(file) == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["box.xml"])
  }
}

/// An environment that shows a pose and nothing else.
private struct Posed: Environment {
  let modelFile: String
  let positions: [Double]
  let spec = EnvironmentSpec(observationSize: 1, action: .discrete(count: 2), timeStep: 0.1, stepLimit: 5)

  func picture() -> Picture? { .pose(modelFile: modelFile, positions: positions) }
  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {}
  mutating func step(_ action: [Float], observation: inout [Float]) -> StepOutcome {
    StepOutcome(reward: 0, ending: .none)
  }
  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
