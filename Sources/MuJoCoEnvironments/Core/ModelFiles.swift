#if MuJoCo

import Archive
import Foundation

/// Where the tasks' model files are: in the installed Python packages gymnasium and dm_control, and our own in the
/// source tree.
public enum ModelFiles {
  /// The folder, in the virtual environment of the package's source tree; nil if it is not there.
  public static var folder: String? { folder("gymnasium/envs/mujoco/assets") }

  /// The folder with the models of DeepMind's control suite, likewise.
  public static var suiteFolder: String? { folder("dm_control/suite") }

  /// What begins the name of a model of the control suite.
  static let suitePrefix = "dm_control:"

  private static func folder(_ place: String) -> String? {
    guard let root = PackageRoot.find() else { return nil }
    let libraries = root + "/.venv/lib"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
    return versions.sorted().lazy
      .map { "\(libraries)/\($0)/site-packages/\(place)" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The files of this package.
  private static let own = ["peg_insertion.xml"]

  /// The path of `name`: the file itself if it names a folder too, otherwise the one of this package, in `suiteFolder`
  /// after the prefix `dm_control:`, or in `folder`.
  static func path(of name: String) throws(MuJoCoError) -> String {
    if name.contains("/") { return name }
    if own.contains(name) {
      guard let root = PackageRoot.find() else { throw .noSourceTree(file: name) }
      return root + "/Sources/MuJoCoEnvironments/Assets/" + name
    }
    if name.hasPrefix(suitePrefix) {
      guard let suiteFolder else { throw .noSuiteFolder(file: name) }
      return suiteFolder + "/" + name.dropFirst(suitePrefix.count)
    }
    guard let folder else { throw .noModelFolder(file: name) }
    return folder + "/" + name
  }
}

#endif
