internal import Foundation

/// The libraries with which MuJoCo can draw without a screen.
public enum OffscreenLibrary: String, CaseIterable, Sendable {
  /// The graphics driver's, or Mesa's.
  case egl = "EGL"
  /// Mesa's, on the processor alone.
  case osmesa = "OSMesa"

  private var file: String {
    switch self {
    case .egl: "libEGL.so.1"
    case .osmesa: "libOSMesa.so.8"
    }
  }

  /// The first that is installed, nil if none is.
  public static func found() -> OffscreenLibrary? {
    allCases.first { library in
      guard let handle = dlopen(library.file, RTLD_LAZY | RTLD_LOCAL) else { return false }
      dlclose(handle)
      return true
    }
  }
}
