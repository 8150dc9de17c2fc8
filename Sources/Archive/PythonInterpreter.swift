import Foundation

/// Which Python environments run in where the user names none.
package enum PythonInterpreter {
  /// First lines of what is run with `-c`: files of the working folder, which Python would look at first, must not stand
  /// for its own modules.
  package static let passingWorkingFolder = "import sys\nif sys.path and not sys.path[0]: del sys.path[0]\n"

  /// `.venv/bin/python` in the package's folder or, failing that, in the working folder; otherwise `python3`.
  package static func found() -> String {
    let folders = [PackageRoot.find(), FileManager.default.currentDirectoryPath].compactMap { $0 }
    return folders.map(PackageRoot.python(in:)).first { FileManager.default.isExecutableFile(atPath: $0) } ?? "python3"
  }
}
