import Interfaces
import Kernels
import Planners

/// Scores plans by a function of each, and remembers every plan it was shown.
struct RecordingEvaluator: PlanEvaluator {
  let horizon: Int
  let actionSize: Int
  let score: ([Float]) -> Float
  /// The plans of every call.
  private(set) var calls: [[[Float]]] = []
  private(set) var nonFiniteReturns = 0

  init(horizon: Int, actionSize: Int, score: @escaping ([Float]) -> Float) {
    self.horizon = horizon
    self.actionSize = actionSize
    self.score = score
  }

  mutating func evaluate(_ plans: Matrix, returns: inout [Float]) {
    let shown = (0..<plans.rows).map { Array(plans.row($0)) }
    for (row, plan) in shown.enumerated() {
      let value = score(plan)
      returns[row] = value.isFinite ? value : -.infinity
      if !value.isFinite { nonFiniteReturns += 1 }
    }
    calls.append(shown)
  }

  /// Mean of each component over the plans of one call.
  func center(ofCall index: Int) -> [Float] {
    let plans = calls[index]
    return plans[0].indices.map { i in plans.reduce(0) { $0 + $1[i] } / Float(plans.count) }
  }
}

/// x' = x + u, or x + u + noise, from a start that particle p shifts by p times `shift`.
struct ShiftModel: DynamicsModel {
  var shift: Float = 0
  var noise: Float = 0
  /// Whether it predicts -|u| as the reward.
  var predictsRewards = false
  /// Beyond which state it predicts a termination, if it does.
  var edge: Float?
  var preferredRows = 8

  var stateSize: Int { 1 }
  var actionSize: Int { 1 }

  func makeRollout(capacity: Int, keeping steps: Int) -> ShiftRollout { ShiftRollout(self, capacity: capacity) }
}

struct ShiftRollout: ModelRollout {
  private let model: ShiftModel
  private var state: Vector
  private var draws: Vector
  private var rewards: Vector
  private let flags: FixedBuffer<Bool>
  private var random = RandomStream(seed: 0)
  private(set) var count = 0
  private(set) var steps = 0

  init(_ model: ShiftModel, capacity: Int) {
    self.model = model
    state = Vector(count: capacity)
    draws = Vector(count: capacity)
    rewards = Vector(count: capacity)
    flags = FixedBuffer(false, count: capacity)
  }

  var states: UnsafePointer<Float> { state.pointer }
  var predictedRewards: UnsafePointer<Float>? { model.predictsRewards ? rewards.pointer : nil }
  var predictedTerminations: UnsafePointer<Bool>? { model.edge == nil ? nil : UnsafePointer(flags.pointer) }

  mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    precondition(
      starts.count <= state.count && starts.count % starts.rowsPerParticle == 0,
      "\(starts.count) rows, \(starts.rowsPerParticle) a particle")
    (count, steps, self.random) = (starts.count, 0, random)
    let target = state.mutablePointer
    for row in 0..<count {
      target[row] = starts.states[row] + model.shift * Float(starts.firstParticle + row / starts.rowsPerParticle)
    }
  }

  mutating func advance(_ actions: UnsafePointer<Float>) {
    let (x, e, r) = (state.mutablePointer, draws.mutablePointer, rewards.mutablePointer)
    steps += 1
    random.fillNormal(e, count: count)
    for row in 0..<count {
      x[row] += actions[row] + model.noise * e[row]
      r[row] = -abs(actions[row])
      if let edge = model.edge { flags.pointer[row] = x[row] > edge }
    }
  }
}

/// Scores single transitions of `ShiftModel` by a function of (state, action, next).
struct FunctionObjective: Objective {
  let score: @Sendable (_ state: Float, _ action: Float, _ next: Float) -> (reward: Float, terminated: Bool)

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count { (rewards[row], terminated[row]) = score(states[row], actions[row], next[row]) }
  }
}

extension CrossEntropy.Settings {
  init(horizon: Int, population: Int = 200, elites: Int = 20, iterations: Int = 5) {
    self.init()
    (self.horizon, self.population, self.elites, self.iterations) = (horizon, population, elites, iterations)
  }
}

extension PathIntegral.Settings {
  init(horizon: Int, population: Int = 200, iterations: Int = 5, temperature: Float = 0.5) {
    self.init()
    (self.horizon, self.population, self.iterations, self.temperature) = (horizon, population, iterations, temperature)
  }
}

extension RandomShooting.Settings {
  init(horizon: Int, population: Int = 200) {
    self.init()
    (self.horizon, self.population) = (horizon, population)
  }
}

extension CovarianceAdaptationSearch.Settings {
  init(horizon: Int, population: Int = 50, iterations: Int = 10) {
    self.init()
    self.horizon = horizon
    self.population = population
    self.iterations = iterations
  }
}
