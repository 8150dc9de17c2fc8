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
      } catch let error as ConfigurationError where error.key == "agent.dataset" {
        // a dataset of its own, which its page makes first
        #expect("\(error)".contains("No such file"), "\(error)")
      } catch let error where "\(error)".contains("there is no Python module 'minatar'") {
        // which its page has installed first
        #expect(file.contains("/minatar-"), "\(file)")
      }
    }
  }

  /// The examples of the page about study files are study files, and mean as many runs as it says.
  @Test func theExamplesOfThePageAreAccepted() throws {
    let page = Self.folder.deletingLastPathComponent().path + "/Documentation/studies.md"
    let text = try String(contentsOfFile: page, encoding: .utf8)
    let examples = text.components(separatedBy: "```yaml\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    #expect(examples.count == 2)
    let first = try Study(ConfigurationTree.parse(yaml: examples[0], file: "studies.md"), in: Catalog.registry)
    #expect(first.runs.count == 35)
    #expect(first.agents == ["pets", "sac-tau-0.005", "sac-tau-0.02", "sac-small"])
    let rest = "name: s\nenvironments: [Pendulum-v1]\nseeds: 1\nsteps: 10\n"
    let second = try Study(ConfigurationTree.parse(yaml: rest + examples[1], file: "studies.md"), in: Catalog.registry)
    #expect(second.agents.count == 80 && second.agents[0] == "sac-small-tau-0.005-batch_size-64-random-0")
  }
}
