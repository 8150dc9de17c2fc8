import Catalog
import Foundation
import Laboratory
import TestSupport
import Testing

/// Runs of every agent, killed at random instants, saves included, until they are over: the tables are those of a run
/// that was left alone.
///
/// `FORESIGHT_KILLS=1000` kills that often, over all agents in turn; otherwise a few agents, other ones each time, are
/// killed a few times.
@Suite struct KillTests {
  private static var wanted: Int? { ProcessInfo.processInfo.environment["FORESIGHT_KILLS"].flatMap { Int($0) } }

  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func command(_ agent: AgentEntry, out: String, interval: Int) -> [String] {
    let settings =
      agent.tiny.settings + [
        "checkpoint.interval=\(interval)", "evaluation.interval=40", "evaluation.episodes=1", "log.interval=7",
      ]
    return [
      "train", agent.name, agent.tiny.environment, "--steps", "120", "--threads", "1", "--out", "\(root.path)/\(out)",
    ] + settings.flatMap { ["--set", $0] }
  }

  /// Files of a run but those that differ between repetitions, by name.
  private func tables(_ out: String) throws -> [String: [UInt8]] {
    let found = FileManager.default.enumerator(atPath: "\(root.path)/\(out)")?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".csv") && !$0.hasSuffix("timing.csv") }.reduce(into: [:]) {
      $0[$1] = FileManager.default.contents(atPath: "\(root.path)/\(out)/\($1)").map { Array($0) }
    }
  }

  /// Kills a run `count` times at most and lets it end; how often it was killed.
  private func kill(_ agent: AgentEntry, _ name: String, atMost count: Int, within duration: Double) throws -> Int {
    var kills = 0
    while kills < count {
      let process = try Program.start(command(agent, out: name, interval: 3))
      usleep(UInt32(Double.random(in: 0...1.2) * duration * 1e6))
      process.signal(SIGKILL)
      let result = process.finish()
      if result.status == 0 { return kills }
      #expect(result.status == 128 + SIGKILL, "\(agent.name): \(result.errors)")
      kills += 1
    }
    let result = try Program.run(command(agent, out: name, interval: 3))
    #expect(result.status == 0, "\(agent.name): \(result.errors)")
    return kills
  }

  @Test func tablesAreThoseOfARunLeftAlone() throws {
    let all = Catalog.registry.agents.shuffled()
    let agents = Self.wanted == nil ? Array(all.prefix(4)) : all
    var (kills, round) = (0, 0)
    repeat {
      for agent in agents where kills < Self.wanted ?? 20 {
        let name = "\(agent.name)-\(round)"
        let begun = ContinuousClock.now
        #expect(try Program.run(command(agent, out: "\(name)-alone", interval: 1000)).status == 0)
        let duration = (ContinuousClock.now - begun) / .seconds(1)
        kills += try kill(agent, "\(name)-killed", atMost: 5, within: duration)
        let (alone, killed) = (try tables("\(name)-alone"), try tables("\(name)-killed"))
        #expect(!alone.isEmpty && alone == killed, "\(agent.name)")
        for part in ["alone", "killed"] { try? FileManager.default.removeItem(atPath: "\(root.path)/\(name)-\(part)") }
      }
      round += 1
    } while Self.wanted.map({ kills < $0 }) ?? false
    if Self.wanted != nil { print("\(kills) kills of \(agents.count) agents") }
  }
}
