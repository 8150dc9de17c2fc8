import Foundation
import Laboratory
import Testing
import TestSupport

/// `foresight study` from end to end.
@Suite struct StudyCommandTests {
  private let root: ScratchFolder
  private let yaml = """
    name: tiny
    environments: [Pendulum-v1, point-mass]
    seeds: 2
    settings: {evaluation.interval: 100, evaluation.episodes: 2}
    thresholds: {point-mass: -10}
    agents:
      random: {steps: 300}
      other: {agent: random, steps: 200}
    """

  init() throws {
    root = try ScratchFolder()
    try write(yaml)
  }

  private func write(_ yaml: String) throws {
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: root.path + "/study.yaml"))
  }

  private func run(_ arguments: String...) throws -> Program.Result {
    try Program.run(["study", "run", "study.yaml"] + arguments, in: root.path)
  }

  private func contents(_ path: String) -> Data? { FileManager.default.contents(atPath: "\(root.path)/\(path)") }

  @Test func resultsDoNotDependOnJobs() throws {
    for jobs in ["1", "2", "5"] {
      let result = try run("--jobs", jobs, "--out", "jobs-\(jobs)")
      #expect(result.status == 0, "\(result.errors)")
    }
    let results = try #require(contents("jobs-1/results.csv"))
    #expect(CSV.records(results).count == 1 + 4 * (4 * 2 + 3 * 2))
    for jobs in ["2", "5"] {
      #expect(contents("jobs-\(jobs)/results.csv") == results)
      #expect(contents("jobs-\(jobs)/study.json") == contents("jobs-1/study.json"))
      for run in ["Pendulum-v1/random/seed-0", "point-mass/other/seed-1"] {
        #expect(
          reproducibleTables("\(root.path)/jobs-\(jobs)/\(run)") == reproducibleTables("\(root.path)/jobs-1/\(run)"))
      }
    }
  }

  @Test func finishedRunsAreSkippedAndMissingOnesDone() throws {
    #expect(try run().status == 0)
    let kept = root.path + "/results/Pendulum-v1/random/seed-0/manifest.json"
    let before = try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date
    let results = contents("results/results.csv")
    try FileManager.default.removeItem(atPath: root.path + "/results/point-mass/other/seed-1")
    let status = try Program.run(["study", "status", "results"], in: root.path)
    #expect(status.status == 0)
    #expect(status.output.contains("8 runs: 7 finished, 1 waiting"), "\(status.output)")
    #expect(try run().status == 0)
    #expect(contents("results/results.csv") == results)
    #expect(try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date == before)
  }

  @Test func anotherConfigurationsRunIsRefusedBeforeAnythingStarts() throws {
    #expect(try run().status == 0)
    let results = contents("results/results.csv")
    try write(yaml.replacingOccurrences(of: "evaluation.episodes: 2", with: "evaluation.episodes: 1"))
    let refused = try run()
    #expect(refused.status == 73)
    #expect(refused.errors.contains("evaluation.episodes = 2, not 1"), "\(refused.errors)")
    #expect(contents("results/results.csv") == results)
    #expect(try run("--force").status == 0)
    #expect(contents("results/results.csv") != results)
  }

  @Test func aFailedRunDoesNotStopTheOthers() throws {
    // A file where a run's folder should be makes that run fail.
    try FileManager.default.createDirectory(
      atPath: root.path + "/results/Pendulum-v1/random", withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: root.path + "/results/Pendulum-v1/random/seed-1"))
    let result = try run()
    #expect(result.status == 1)
    #expect(result.errors.contains("Pendulum-v1/random/seed-1: "), "\(result.errors)")
    #expect(result.errors.contains("1 of 8 runs did not finish"), "\(result.errors)")
    let status = try Program.run(["study", "status", "results"], in: root.path)
    #expect(status.output.contains("7 finished"), "\(status.output)")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalSavesEveryRunAndTheSameCommandContinues(signal: Int32) throws {
    let long = """
      name: long
      environments: [Pendulum-v1]
      seeds: 2
      settings: {learner.hidden: [16, 16], agent.batch_size: 16, agent.random_steps: 50, evaluation.episodes: 1}
      agents: {sac: {steps: 6000}}
      """
    try write(long)
    let process = try Program.start(["study", "run", "study.yaml", "--jobs", "2"], in: root.path)
    let folders = (0..<2).map { RunFolder("\(root.path)/results/Pendulum-v1/sac/seed-\($0)") }
    while folders.contains(where: { $0.checkpoints().isEmpty }), process.isRunning { usleep(2_000) }
    usleep(50_000)
    let asked = ContinuousClock.now
    process.signal(signal)
    let stopped = process.finish()
    #expect(ContinuousClock.now - asked < .seconds(5))
    #expect(stopped.status == 128 + signal, "\(stopped.errors)")
    // The run that started first may be through by now; none may be left as if it had been killed.
    let statuses = try folders.map { try Manifest(contentsOf: $0.manifest).status }
    #expect(statuses.contains(.interrupted) && !statuses.contains(.running), "\(statuses)")
    #expect(try run("--jobs", "2").status == 0)
    #expect(try run("--jobs", "1", "--out", "straight").status == 0)
    #expect(contents("results/results.csv") == contents("straight/results.csv"))
  }
}
