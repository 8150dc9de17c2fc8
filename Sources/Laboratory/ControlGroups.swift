import Foundation

/// The control groups of Linux that this process is in, versions 1 and 2.
enum ControlGroups {
  /// The folders of this process's control groups for a controller ("memory", "cpu"), and of those they are in.
  static func folders(of controller: String, root: String) -> [String] {
    var folders: [String] = []
    for line in text("\(root)/proc/self/cgroup").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { continue }
      let mounts: [String]
      if parts[0] == "0" && parts[1].isEmpty {
        mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
      } else if parts[1].split(separator: ",").map(String.init).contains(controller) {
        mounts = ["/sys/fs/cgroup/\(controller)"]
      } else {
        continue
      }
      for mount in mounts {
        // in a container the path may be that of the machine, and its own group lie at the mount
        var path = parts[2]
        while true {
          folders.append(root + mount + (path == "/" ? "" : path))
          guard path != "/", !path.isEmpty else { break }
          path = (path as NSString).deletingLastPathComponent
        }
      }
    }
    return folders
  }

  /// A file of the system; empty where it cannot be read.
  static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
