import Imagining
import Interfaces
import Kernels
import Models
import Networks
import Planners

/// Sizes of a planning benchmark.
struct PlanningShape: Sendable {
  let name: String
  let observations: Int
  let actions: Int
  let members: Int
  let elites: Int
  let layers: Int
  var horizon: Int
  var population: Int
  let eliteShare: Float
  let momentum: Float
  var particles = 20
  let iterations = 5

  static let cartPole = PlanningShape(
    name: "pets-plan-cartpole", observations: 4, actions: 1, members: 5, elites: 5, layers: 3, horizon: 15,
    population: 350, eliteShare: 0.1, momentum: 0.1)

  /// Imagined transitions for one decision.
  var transitions: Int { horizon * population * particles * iterations }
}

/// Cart-pole balancing as the peers score it: 1 a step while the pole is up and the cart on its rail.
private struct BalanceObjective: Objective {
  let size: Int
  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for r in 0..<count {
      let state = next + r * size
      let up = abs(state[0]) < 2.4 && abs(state[2]) < 0.2095
      rewards[r] = up ? 1 : 0
      terminated[r] = !up
    }
  }
}

/// Half-cheetah as PETS scores it: forward velocity less a tenth of the squared action.
private struct RunningObjective: Objective {
  let size: Int
  let actionSize: Int
  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for r in 0..<count {
      var cost: Float = 0
      for c in 0..<actionSize { cost += actions[r * actionSize + c] * actions[r * actionSize + c] }
      rewards[r] = next[r * size] - 0.1 * cost
      terminated[r] = false
    }
  }
}

extension BenchCase {
  /// One decision on cart-pole.
  static let planCartPole = planCartPole(.cartPole)

  static func planCartPole(_ shape: PlanningShape) -> BenchCase { planning(shape, BalanceObjective(size: 4)) }

  /// One decision on half-cheetah.
  static let planHalfCheetah = planning(
    PlanningShape(
      name: "pets-plan-halfcheetah", observations: 18, actions: 6, members: 7, elites: 5, layers: 4, horizon: 30,
      population: 350, eliteShare: 0.16, momentum: 0.12), RunningObjective(size: 18, actionSize: 6))

  private static func planning(_ shape: PlanningShape, _ objective: any Objective) -> BenchCase {
    BenchCase(
      name: shape.name,
      summary: "one CEM decision: \(shape.elites) of \(shape.members) x \(shape.layers) x 200 SiLU, TS1, "
        + "\(shape.particles) particles, horizon \(shape.horizon), population \(shape.population), 5 iterations"
    ) { clock in
      var settings = EnsembleSettings()
      settings.members = shape.members
      settings.elites = shape.elites
      settings.hidden = [Int](repeating: 200, count: shape.layers)
      settings.weightDecay = [1e-5]
      let model = ProbabilisticEnsemble(
        settings, stateSize: shape.observations, actionSize: shape.actions, using: RandomStream(seed: 1))
      var search = CrossEntropy.Settings()
      search.horizon = shape.horizon
      search.population = shape.population
      search.elites = Int((Float(shape.population) * shape.eliteShare).rounded(.up))
      search.iterations = shape.iterations
      search.momentum = shape.momentum
      search.tolerance = 0
      var planner = CrossEntropy(
        search, low: [Float](repeating: -1, count: shape.actions), high: [Float](repeating: 1, count: shape.actions))
      var evaluator = RolloutEvaluator(
        KnownRewards(model, objective), horizon: shape.horizon, particles: shape.particles)
      var random = RandomStream(seed: 2)
      var action = [Float](repeating: 0, count: shape.actions)
      let start = [Float](repeating: 0, count: shape.observations)

      let network = model.network
      let perShard = max(1, model.preferredRows / shape.particles)
      var phase: [[GemmReplay.Call]] = []
      for first in stride(from: 0, to: shape.population, by: perShard) {
        let rows = min(perShard, shape.population - first) * shape.particles
        let step = (0..<shape.elites).flatMap { member in
          let share = rows / shape.elites + (member < rows % shape.elites ? 1 : 0)
          return GemmReplay.forward(network, rows: share, weights: member * network.layout.count)
        }
        phase.append((0..<shape.horizon).flatMap { _ in step })
      }
      let gemms = GemmReplay(
        phases: Array(repeating: phase, count: shape.iterations), weightCount: shape.members * network.layout.count)
      return clock.measure(
        shape.name, metric: "model_transitions", unit: "model transitions/s", amount: Double(shape.transitions),
        limit: { gemms.run() }, libraryLimit: { gemms.run(byLibrary: true) }
      ) {
        evaluator.begin(at: start, using: random.child(0))
        planner.plan(with: &evaluator, using: &random, action: &action)
      }
    }
  }
}
