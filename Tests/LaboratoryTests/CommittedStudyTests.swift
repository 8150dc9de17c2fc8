import Catalog
import Configuration
import Foundation
import Laboratory
import Testing

/// The studies that lie in Experiments.
@Suite struct CommittedStudyTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Experiments")

  private static var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().map { folder.path + "/\($0)/study.yaml" }.filter(FileManager.default.fileExists(atPath:))
  }

  private static let hasMuJoCo = Catalog.registry.environments.contains { $0.name == "Hopper-v5" }

  /// Environments, agents and settings are those of the program (the study checks every run as it is read), so that the
  /// commands of the studies' pages work.
  @Test(.enabled(if: hasMuJoCo)) func areAcceptedByTheProgram() throws {
    #expect(Self.files.count > 20)
    for file in Self.files {
      do {
        let study = try Study(contentsOf: file, in: Catalog.registry)
        #expect(!study.runs.isEmpty, "\(file)")
      } catch let error as ConfigurationError where error.key == "expert.run" {
        // an expert of its own, which its page trains first
        #expect("\(error)".contains("holds no saved run"), "\(error)")
      }
    }
  }
}
