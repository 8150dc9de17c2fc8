import Recording

/// What this machine has for making videos, which nothing but `foresight record` needs.
struct RecordingFacts {
  /// Where ffmpeg is, nil if it is missing.
  let ffmpeg = VideoWriter.program()
  /// How MuJoCo can draw without a screen, nil if it cannot.
  let offscreen = OffscreenLibrary.found()?.rawValue
}
