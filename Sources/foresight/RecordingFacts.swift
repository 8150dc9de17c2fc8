import Foundation
import Recording

/// What this machine has for making videos, which nothing but `foresight record` needs.
struct RecordingFacts {
  /// Where ffmpeg is, nil if it is missing.
  let ffmpeg = VideoWriter.program()
  /// How MuJoCo can draw without a screen, nil if it cannot.
  let offscreen: String?

  init() {
    let libraries = [("EGL", "libEGL.so.1"), ("OSMesa", "libOSMesa.so.8")]
    offscreen = libraries.first { Self.loads($0.1) }?.0
  }

  private static func loads(_ library: String) -> Bool {
    guard let handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL) else { return false }
    dlclose(handle)
    return true
  }
}
