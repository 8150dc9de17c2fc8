import Foundation

/// Where the package's source tree is, which holds `Plots` and the Python environment.
package enum PackageRoot {
  /// `$FORESIGHT_HOME` if set, otherwise the nearest folder above the program or above the working directory that has
  /// `Package.swift` and `Plots`; nil if there is none.
  package static func find() -> String? {
    if let home = ProcessInfo.processInfo.environment["FORESIGHT_HOME"], !home.isEmpty { return home }
    let starts = [executable, FileManager.default.currentDirectoryPath]
    return starts.lazy.compactMap(root(above:)).first
  }

  /// The Python interpreter of the package's virtual environment, whether or not it exists.
  package static func python(in root: String) -> String { root + "/.venv/bin/python" }

  /// The path of the running program.
  package static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  private static func root(above start: String) -> String? {
    var folder = URL(fileURLWithPath: start).standardizedFileURL
    while folder.path != "/" {
      if exists(folder, "Package.swift"), exists(folder, "Plots") { return folder.path }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  private static func exists(_ folder: URL, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }
}
