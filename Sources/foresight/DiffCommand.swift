import ArgumentParser
import Foundation
import Laboratory

/// `foresight diff`.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show in what two runs differ: settings, program, machine, results.",
    discussion: """
      Each is a run's folder or a manifest. The exit status is 1 where something differs on which results depend: agent, \
      environment, seed, or a setting with influence. 'foresight train --manifest FILE' repeats a run.

      Example:
        foresight diff runs/Pendulum-v1/sac/seed-0 other/Pendulum-v1/sac/seed-0
      """)

  @Argument(help: ArgumentHelp("A run's folder, or its manifest.", valueName: "run"))
  var first: String
  @Argument(help: ArgumentHelp("Another one.", valueName: "other-run"))
  var second: String

  func run() throws {
    try reportingErrors {
      let paths = try [first, second].map(Self.manifest)
      let manifests = try paths.map { try Manifest(contentsOf: $0) }
      let differences = ManifestDifference(manifests[0], manifests[1])
      let columns = Columns.ofOutput ?? 100
      for group in differences.groups {
        print("\(group.name):")
        let width = group.lines.map(\.key.count).max() ?? 0
        for line in group.lines {
          print(
            Columns.cut("  \(ProgressText.padded(line.key, width))  \(line.first)  ->  \(line.second)", to: columns))
        }
      }
      let folders = paths.map { RunFolder(($0 as NSString).deletingLastPathComponent) }
      for line in try RunTableDifference.lines(folders[0], folders[1]) { print(line) }
      if differences.isInfluential { throw ExitCode(FailureStatus.failed) }
      if differences.groups.isEmpty { print("nothing differs in their manifests") }
    }
  }

  private static func manifest(_ path: String) throws -> String {
    try refuseEmpty(path, "run")
    let folder = RunFolder(path)
    if folder.hasManifest { return folder.manifest }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue { return path }
    throw RunError.nothingSaved(folder: path)
  }
}
