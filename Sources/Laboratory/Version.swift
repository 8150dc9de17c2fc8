/// Facts about this build.
public enum Foresight {
  /// Version of Foresight, by semantic versioning.
  public static let version = "0.1.0"

  /// The compiler this build was made with, as far as it can tell.
  public static var toolchain: String {
    #if compiler(>=6.4)
    "Swift 6.4 or later"
    #elseif compiler(>=6.3)
    "Swift 6.3"
    #else
    "Swift 6.2"
    #endif
  }
}
