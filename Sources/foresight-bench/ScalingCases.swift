import Foundation
import Kernels

/// Some work whose cost is measured at several values of one of its sizes.
struct ScalingCase: Sendable {
  /// The size.
  let size: String
  /// What is timed.
  let work: String
  /// Values of the size.
  let values: [Int]
  /// The power of the size with which the work's operations grow, in the limit.
  let power: Double
  /// How often a call of the case does that work.
  var repeats = 1
  /// Threads that share the work at a value; nil for as many as the command says.
  var threads: (@Sendable (Int) -> Int)?
  /// The work at a value of the size.
  let make: @Sendable (Int) -> BenchCase

  /// A line for lists.
  var title: String {
    size.padding(toLength: 28, withPad: " ", startingAt: 0) + "\(work), \(values[0]) to \(values[values.count - 1])"
  }

  /// Every size, with at most `most` threads.
  static func all(threads most: Int) -> [ScalingCase] {
    let counts = Array(1...max(1, most))
    return [
      planning("population", [50, 100, 200, 400]) { $0.population = $1 },
      planning("particles", [5, 10, 20, 40]) { $0.particles = $1 },
      planning("horizon", [5, 10, 20, 40]) { $0.horizon = $1 },
      ScalingCase(size: "members", work: "ensemble epoch", values: [1, 2, 4, 8], power: 1) {
        .ensembleFit(members: $0, transitions: 5000)
      },
      ScalingCase(size: "width", work: "SAC update", values: [64, 128, 256, 512], power: 2, repeats: 20) {
        .softActorCritic(width: $0)
      },
      ScalingCase(size: "batch", work: "SAC update", values: [64, 128, 256, 512, 1024], power: 1, repeats: 20) {
        .softActorCritic(batch: $0)
      },
      ScalingCase(
        size: "replay", work: "batch drawn uniformly", values: [1000, 10_000, 100_000, 1_000_000], power: 0,
        repeats: 100
      ) { .uniformSample(of: $0) },
      ScalingCase(
        size: "prioritized-replay", work: "batch drawn by priority", values: [1000, 10_000, 100_000, 1_000_000],
        power: 0, repeats: 100
      ) { .prioritizedSample(of: $0) },
      ScalingCase(size: "copies", work: "step of all copies", values: [16, 64, 256, 1024], power: 1, repeats: 100) {
        .vectorStep("Pendulum-v1", copies: $0)
      },
      ScalingCase(size: "threads", work: "ensemble epoch", values: counts, power: -1, threads: { $0 }) { _ in
        .ensembleFit(members: 8, transitions: 5000)
      },
    ]
  }

  /// Decisions of the cart-pole's planner with one of its sizes changed.
  private static func planning(
    _ size: String, _ values: [Int], _ change: @escaping @Sendable (inout PlanningShape, Int) -> Void
  ) -> ScalingCase {
    ScalingCase(size: size, work: "CEM decision", values: values, power: 1) { value in
      var shape = PlanningShape.cartPole
      (shape.population, shape.particles) = (100, 10)
      change(&shape, value)
      return .planCartPole(shape)
    }
  }
}
