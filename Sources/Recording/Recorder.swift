public import Interfaces

/// Draws what an environment shows and makes a video of it.
public final class Recorder {
  private let path: String
  private let height: Int
  private let rate: Double
  private let stride: Int
  private var seen = 0
  private var film: (writer: VideoWriter, canvas: Canvas)?
  private var renderer: PoseRenderer?

  /// Most frames a second; faster environments have some left out.
  private static let highestRate = 60.0

  /// A video in the file at `path`.
  ///
  /// - Parameters:
  ///   - height: rows of pixels of drawings, even; the width follows from the scene, and is 4/3 of it for MuJoCo models.
  ///     Pixels are shown as they are.
  ///   - timeStep: seconds between two pictures. Steps that last longer than 0.25 s are no film: they are shown at 30 a
  ///     second.
  /// - Throws: `VideoError` for a name without a format and when ffmpeg is missing.
  public init(_ path: String, height: Int, timeStep: Double) throws(VideoError) {
    precondition(height > 0 && height % 2 == 0 && timeStep > 0, "\(height) rows every \(timeStep) s")
    _ = try VideoWriter.Format(ofFile: path)
    guard VideoWriter.program() != nil else { throw .noProgram }
    self.path = path
    self.height = height
    let real = timeStep > 0.25 ? 30 : 1 / timeStep
    stride = max(1, Int((real / Self.highestRate).rounded(.up)))
    rate = real / Double(stride)
  }

  /// Frames a second.
  public var framesPerSecond: Double { rate }

  /// Adds what `environment` shows now. Throws `RecordingError` when that is nothing.
  public func add(_ environment: inout any Environment) throws {
    defer { seen += 1 }
    guard seen % stride == 0 else { return }
    guard let picture = try environment.picture() else { throw RecordingError.nothingToSee }
    switch picture {
    case .scene(let scene):
      let aspect = scene.size.x / scene.size.y
      try begin(height: height, width: 2 * Int((Double(height) * aspect / 2).rounded()))
      film?.canvas.draw(scene)
    case .pixels(let pixels, let height, let width):
      // ffmpeg's usual colors need even sizes
      try begin(height: height + height % 2, width: width + width % 2)
      film?.canvas.show(pixels, height: height, width: width)
    case .pose(let modelFile, let positions):
      try begin(height: height, width: 2 * Int((Double(height) * 2 / 3).rounded()))
      guard let canvas = film?.canvas else { return }
      let renderer =
        try renderer
        ?? PoseRenderer(
          modelFile: modelFile, poseSize: positions.count, height: canvas.height, width: canvas.width)
      self.renderer = renderer
      film?.canvas.show(try renderer.frame(of: positions), height: canvas.height, width: canvas.width)
    }
    if let film { try film.writer.add(film.canvas.pixels) }
  }

  private func begin(height: Int, width: Int) throws {
    if let film {
      guard film.canvas.height == height, film.canvas.width == width else { throw RecordingError.sizeChanges }
    } else {
      film = (try VideoWriter(path, height: height, width: width, rate: rate), Canvas(height: height, width: width))
    }
  }

  /// Completes the file.
  public func finish() throws {
    guard let film else { throw RecordingError.nothingToSee }
    try film.writer.finish()
  }

  /// Leaves no file behind.
  public func abandon() { film?.writer.abandon() }
}

/// Why an environment cannot be recorded.
public enum RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// It has no picture.
  case nothingToSee
  /// Its pictures are not all of one size.
  case sizeChanges
  /// MuJoCo cannot draw the model.
  case cannotDraw(modelFile: String, reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .nothingToSee: "the environment cannot be drawn"
    case .sizeChanges: "the environment's pictures change their size, which those of a video cannot"
    case .cannotDraw(let modelFile, let reason): "MuJoCo cannot draw \(modelFile): \(reason)"
    }
  }
}
