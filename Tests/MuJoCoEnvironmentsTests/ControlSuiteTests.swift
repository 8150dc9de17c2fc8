#if MuJoCo

import Configuration
import Foundation
import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// The tasks of DeepMind's control suite against the Python package dm_control: from the same states and under the same
/// actions the same observations and rewards, as `Benchmarks/peers/control_suite.py` wrote them to a file, in double
/// precision.
@Suite struct ControlSuiteTests {
  private struct Case: Decodable {
    struct Step: Decodable {
      let positions: [Double]
      let velocities: [Double]
      let own: [Double]?
      let action: [Double]
      let start: [Double]
      let observation: [Double]
      let reward: Double
    }
    let task: String
    let name: String
    let settings: [String: Value]
    let stepLimit: Int
    let timeStep: Double
    let steps: [Step]
  }

  /// A number or a truth value.
  private enum Value: Decodable, CustomStringConvertible {
    case number(Double)
    case truth(Bool)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let truth = try? container.decode(Bool.self) {
        self = .truth(truth)
      } else {
        self = .number(try container.decode(Double.self))
      }
    }

    var description: String {
      switch self {
      case .number(let value): "\(value)"
      case .truth(let value): "\(value)"
      }
    }
  }

  @Test func stepsAreTheReferences() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/control_suite.json")
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: path))
    #expect(cases.count == 13)
    for reference in cases {
      switch reference.name {
      case "dmc-cartpole-swingup": try compare(SuiteCartPole.self, reference)
      case "dmc-pendulum-swingup": try compare(SuitePendulum.self, reference)
      case "dmc-reacher-easy": try compare(SuiteReacher.self, reference)
      case "dmc-cheetah-run": try compare(SuiteCheetah.self, reference)
      case "dmc-walker-walk": try compare(SuiteWalker.self, reference)
      case "dmc-acrobot-swingup": try compare(SuiteAcrobot.self, reference)
      case "dmc-hopper-hop": try compare(SuiteHopper.self, reference)
      default: Issue.record("no task \(reference.name)")
      }
    }
  }

  private func compare<Task: SuiteTask>(_: Task.Type, _ reference: Case) throws {
    let options = "{" + reference.settings.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    let tree = try ConfigurationTree.parse(yaml: options, file: "options")
    var environment = try MuJoCoEnvironment<Task>(.suite, Task.defaults(.suite).updated(by: tree))
    let spec = environment.spec
    #expect(environment.name == reference.name && spec.stepLimit == reference.stepLimit, "\(reference.task)")
    #expect(spec.timeStep == Float(reference.timeStep), "\(reference.task)")
    #expect(
      spec.action == .box(low: spec.action.bounds.low.map { _ in -1 }, high: spec.action.bounds.low.map { _ in 1 }))
    var observation = [Float](repeating: 0, count: spec.observationSize)
    var (worst, rewardGap) = (0.0, 0.0)
    for step in reference.steps {
      environment.start(
        positions: step.positions, velocities: step.velocities, ownNumbers: step.own ?? [], observation: &observation)
      worst = max(worst, difference(environment.exactObservation, step.start))
      let outcome = try environment.step(step.action.map { Float($0) }, observation: &observation)
      worst = max(worst, difference(environment.exactObservation, step.observation))
      rewardGap = max(rewardGap, abs(environment.exactReward - step.reward))
      #expect(outcome.ending == .none)
    }
    #expect(worst <= 1e-9, "\(reference.task): observations differ by up to \(worst)")
    #expect(rewardGap <= 1e-9, "\(reference.task): rewards differ by up to \(rewardGap)")
    try showsItsState(environment, reference)
  }

  /// The state that `pose` finds in an observation is observed alike.
  private func showsItsState<Task: SuiteTask>(_ original: MuJoCoEnvironment<Task>, _ reference: Case) throws {
    var (environment, observation) = (original, [Float](repeating: 0, count: original.spec.observationSize))
    // forces of touch follow from the state only as far as the solver's warm start does not matter
    let shown = environment.spec.observationSize - (Task.self == SuiteHopper.self ? 2 : 0)
    for step in reference.steps {
      environment.start(at: step.start.map { Float($0) }, observation: &observation)
      let found = difference(
        Array(environment.exactObservation[..<shown]), Array(step.start[..<shown]).map { Double(Float($0)) })
      #expect(found < 1e-5, "\(reference.task): \(found)")
    }
  }

  private func difference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) / max(1, abs($0), abs($1)) }.max() ?? 0 : .infinity
  }

  /// Starts are spread as in dm_control: joints over their range, a settled cheetah on the ground, the target in its
  /// ring.
  @Test func startsAreSpread() throws {
    var random = RandomStream(seed: 5)
    func starts<Task: SuiteTask>(_: Task.Type, count: Int) throws -> [[Double]] {
      var environment = try MuJoCoEnvironment<Task>(.suite)
      var observation = [Float](repeating: 0, count: environment.spec.observationSize)
      return (0..<count).map { _ in
        environment.reset(using: &random, observation: &observation)
        return environment.exactObservation
      }
    }
    func range(_ values: [Double]) -> ClosedRange<Double> { (values.min() ?? 0)...(values.max() ?? 0) }
    let hanging = try starts(SuiteCartPole.self, count: 100)
    #expect(hanging.allSatisfy { $0[1] < -0.99 && abs($0[0]) < 0.05 && abs($0[4]) < 0.05 })
    let pendulums = try starts(SuitePendulum.self, count: 100)
    #expect(range(pendulums.map { $0[0] }).lowerBound < -0.9 && range(pendulums.map { $0[0] }).upperBound > 0.9)
    #expect(pendulums.allSatisfy { $0[2] == 0 })
    let wrist = range(try starts(SuiteReacher.self, count: 100).map { $0[1] })
    #expect(wrist.lowerBound > -2.8 && wrist.lowerBound < -2 && wrist.upperBound > 2 && wrist.upperBound < 2.8)
    let cheetahs = try starts(SuiteCheetah.self, count: 20)
    #expect(cheetahs.allSatisfy { $0[0] < 0.1 && abs($0[9]) < 3 })
    #expect(Set(cheetahs.map { $0[2] }).count == 20)
  }
}

#endif
