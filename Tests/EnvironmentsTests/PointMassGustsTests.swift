import Configuration
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct PointMassGustsTests {
  private static func task(gust: Double) -> PointMassGusts {
    var settings = PointMassGustsSettings()
    settings.gust = gust
    return PointMassGusts(settings)
  }

  @Test func conforms() throws {
    let task = Self.task(gust: 1)
    #expect(try EnvironmentConformance.failures(objective: task.objective) { task } == [])
  }

  /// Returns of episodes from given seeds under forces that depend on step and observation.
  private static func returns(
    _ task: PointMassGusts, episodes: Int,
    _ decide: (_ t: Int, _ start: [Float], _ now: [Float]) -> [Float]
  ) throws -> (found: [Double], starts: [[Double]]) {
    var (found, starts): ([Double], [[Double]]) = ([], [])
    for seed in 0..<episodes {
      var (task, random, observation) = (
        task, RandomStream(seed: UInt64(seed)), [Float](repeating: 0, count: 4)
      )
      task.reset(using: &random, observation: &observation)
      let start = observation
      starts.append(start.map(Double.init))
      var total = 0.0
      for t in 0..<task.spec.stepLimit {
        total += Double(
          try task.step(decide(t, start, observation), observation: &observation).reward)
      }
      found.append(total)
    }
    return (found, starts)
  }

  /// Mean returns of the regulator and of its forces executed blindly agree with the closed forms, and differ widely;
  /// without gusts nothing differs.
  @Test func expectedReturnsAreThoseOfTheRegulator() throws {
    let regulator = try PointMass(PointMassSettings()).optimum()
    let (a, b) = (
      PointMass(PointMassSettings()).stateMatrix, PointMass(PointMassSettings()).inputMatrix
    )
    let task = Self.task(gust: 1)
    let closed = try Self.returns(task, episodes: 400) { t, _, now in
      regulator.action(at: t, in: now.map(Double.init)).map { Float($0) }
    }
    let open = try Self.returns(task, episodes: 400) { t, start, _ in
      var x = DoubleMatrix(rows: 4, columns: 1, start.map(Double.init))
      for step in 0..<t {
        x =
          a * x + b * DoubleMatrix(rows: 2, columns: 1, regulator.action(at: step, in: x.elements))
      }
      return regulator.action(at: t, in: x.elements).map { Float($0) }
    }
    for (found, expected) in [
      (closed.found, try closed.starts.map { try task.expectedReturns(from: $0).closedLoop }),
      (open.found, try open.starts.map { try task.expectedReturns(from: $0).openLoop }),
    ] {
      let gaps = zip(found, expected).map { $0 - $1 }
      let mean = gaps.reduce(0, +) / 400
      let error = (gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400 / 400).squareRoot()
      #expect(abs(mean) < 4 * error && error > 0, "mean gap \(mean) with standard error \(error)")
    }
    let start = closed.starts[0]
    let gusty = try task.expectedReturns(from: start)
    #expect(gusty.openLoop < gusty.closedLoop - 30, "\(gusty)")
    let calm = try Self.task(gust: 0).expectedReturns(from: start)
    #expect(
      calm.openLoop == calm.closedLoop && abs(calm.closedLoop - regulator.value(of: start)) < 1e-12)
  }
}
