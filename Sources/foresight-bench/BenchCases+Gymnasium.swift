import Archive
import Foundation
import GymnasiumEnvironments
import Interfaces
import Kernels

extension BenchCase {
  /// Steps of eight CartPoles in a worker, beside the same loop in Python.
  static let gymnasiumStep = BenchCase(
    name: "env-step-gymnasium", summary: "steps of 8 CartPole-v1 in one Python worker, resets included"
  ) { clock in
    let (ours, direct) = try GymnasiumComparison(clock).measure()
    let copies = Double(GymnasiumComparison.copies)
    var result = clock.summary("env-step-gymnasium", metric: "steps", unit: "steps/s", of: ours.map { copies / $0 })
    let limit = copies / BenchClock.median(direct)
    (result.limit, result.limitedBy, result.shareOfLimit) = (limit, "the same loop in Python", result.value / limit)
    return result
  }

  /// What a worker adds to a step of eight CartPoles.
  static let gymnasiumOverhead = BenchCase(
    name: "env-overhead-gymnasium",
    summary: "microseconds that a worker adds to a vector step of 8 CartPole-v1, beside the same loop in Python"
  ) { clock in
    let (ours, direct) = try GymnasiumComparison(clock).measure()
    return clock.summary(
      "env-overhead-gymnasium", metric: "overhead", unit: "us/vector step",
      of: zip(ours, direct).map { 1e6 * ($0 - $1) })
  }
}

extension BenchClock {
  /// Median and spread of figures measured elsewhere.
  fileprivate func summary(_ name: String, metric: String, unit: String, of values: [Double]) -> Measurement {
    let value = BenchClock.median(values)
    return Measurement(
      case: name, metric: metric, value: value, unit: unit, threads: 1,
      spread: ((values.max() ?? 0) - (values.min() ?? 0)) / value)
  }
}

/// Eight CartPoles stepped here and, in turn, by a loop in the same Python: seconds a vector step.
private struct GymnasiumComparison {
  static let copies = 8
  private let clock: BenchClock

  init(_ clock: BenchClock) { self.clock = clock }

  /// Episodes start without a seed here, which costs Python less than the seeds that a worker gives.
  private static let script = """
    import gymnasium, random, sys, time
    environments = [gymnasium.make("CartPole-v1") for _ in range(8)]
    for i, environment in enumerate(environments): environment.reset(seed=i)
    actions = [[random.randrange(2) for _ in environments] for _ in range(1000)]
    for steps in 300, int(sys.argv[1]):
        start = time.perf_counter()
        for t in range(steps):
            for environment, action in zip(environments, actions[t % 1000]):
                observation, reward, terminated, truncated, _ = environment.step(action)
                if terminated or truncated: observation, _ = environment.reset()
        seconds = (time.perf_counter() - start) / steps
    print(seconds)
    """

  /// Seconds of a vector step in Python.
  private func direct(_ steps: Int) throws -> Double {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [PythonInterpreter.found(), "-c", Self.script, "\(steps)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard let seconds = Double(text.trimmingCharacters(in: .newlines)) else {
      throw GymnasiumError.cannotStart(reason: "the loop in Python gave no time")
    }
    return seconds
  }

  func measure() throws -> (ours: [Double], direct: [Double]) {
    var vector = try GymnasiumVector(GymnasiumTask("gymnasium:CartPole-v1"), count: Self.copies)
    try vector.reset(using: RandomStream(seed: 0))
    var random = RandomStream(seed: 1)
    let actions = (0..<1000).map { _ in
      Matrix(rows: Self.copies, columns: 1, (0..<Self.copies).map { _ in Float(random.index(below: 2)) })
    }
    func ours(_ steps: Int) throws -> Double {
      try ContinuousClock().measure { for t in 0..<steps { try vector.step(actions[t % 1000]) } } / .seconds(steps)
    }
    let steps = max(100, Int(clock.seconds / (try ours(300) + direct(300)) * 2))
    var results: (ours: [Double], direct: [Double]) = ([], [])
    for _ in 0..<clock.windows {
      results.ours.append(try ours(steps))
      results.direct.append(try direct(steps))
    }
    return results
  }
}
