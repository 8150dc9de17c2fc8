#if MuJoCo

import Archive
import CMuJoCo
import Foundation

/// The linked MuJoCo library.
public enum MuJoCoLibrary {
  /// Its version, such as `4.0.0`.
  public static var version: String { String(cString: mj_versionString()) }

  /// Checks the version, and once for the process takes over MuJoCo's messages: warnings are not printed, since
  /// environments report those that matter, nor does MuJoCo write a log file. An error, which leaves MuJoCo in no state
  /// to go on, goes to standard error and ends the process, as it does by MuJoCo's default.
  static func prepare() throws(MuJoCoError) {
    _ = messages
    let (library, headers) = (Int(mj_version()), Int(mjVERSION_HEADER))
    guard library == headers else { throw .versionMismatch(library: library, headers: headers) }
  }

  private static let messages: Void = {
    _ = mju_setLogHandler { message in
      guard let message, message.pointee.level == Int32(mjLOG_ERROR.rawValue) else { return }
      let text = withUnsafeBytes(of: message.pointee.subject) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      StandardStreams.writeErrors("MuJoCo: \(text)\n")
      exit(EXIT_FAILURE)
    }
  }()
}

#endif
