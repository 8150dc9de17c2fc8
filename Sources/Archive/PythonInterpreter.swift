import Foundation

/// Which Python environments run in where the user names none.
package enum PythonInterpreter {
  /// `.venv/bin/python` in the package's folder or, failing that, in the working folder; otherwise `python3`.
  package static func found() -> String {
    let folders = [PackageRoot.find(), FileManager.default.currentDirectoryPath].compactMap { $0 }
    return folders.map(PackageRoot.python(in:)).first { FileManager.default.isExecutableFile(atPath: $0) } ?? "python3"
  }
}
