import Archive
import Kernels

/// A model of dynamics together with rewards and terminations: the model's own where it predicts them, those of the task's
/// objective where it does not.
public struct KnownRewards<Dynamics: DynamicsModel>: World {
  /// How states follow.
  public package(set) var dynamics: Dynamics
  /// Scores steps where the dynamics do not predict rewards or terminations.
  public let objective: any Objective

  /// Steps of `dynamics`, scored by `objective` where they do not predict that themselves.
  public init(_ dynamics: Dynamics, _ objective: any Objective) {
    self.dynamics = dynamics
    self.objective = objective
  }

  public var stateSize: Int { dynamics.stateSize }
  public var actionSize: Int { dynamics.actionSize }
  public var preferredRows: Int { dynamics.preferredRows }
  public var isTimed: Bool { dynamics.isTimed }
  public var horizon: Int { dynamics.horizon }
  public var localEpisodes: Int? { dynamics.localEpisodes }
  public var expectation: KnownRewards { KnownRewards(dynamics.expectation, objective) }
  public var members: [KnownRewards] { dynamics.members.map { KnownRewards($0, objective) } }

  /// Those of the dynamics, if the rewards have derivatives too.
  public var gradients: GradientSupport {
    dynamics.predictsRewards || objective is any DifferentiableObjective ? dynamics.gradients : .none
  }

  public func makeRollout(capacity: Int, keeping steps: Int) -> Rollout {
    Rollout(dynamics, objective, capacity: capacity, keeping: steps)
  }

  /// A rollout of the dynamics with room for what the objective says of its last step.
  public struct Rollout: WorldRollout {
    private var rollout: Dynamics.Rollout
    private let objective: any Objective
    /// Differentiates rewards that the dynamics do not predict, in a rollout that keeps steps.
    private let differentiable: (any DifferentiableObjective)?
    private let stateSize: Int
    private let actionSize: Int
    private let capacity: Int
    private let keptSteps: Int
    private var before: Vector  // [capacity, D], without kept steps
    private var taken: Vector  // [kept steps, capacity, A]
    private var rewards: Vector
    private let terminated: FixedBuffer<Bool>
    private var (rewardStates, rewardActions, rewardNext): (Vector, Vector, Vector)

    init(_ dynamics: Dynamics, _ objective: any Objective, capacity: Int, keeping steps: Int) {
      rollout = dynamics.makeRollout(capacity: capacity, keeping: steps)
      self.objective = objective
      self.capacity = capacity
      keptSteps = steps
      (stateSize, actionSize) = (dynamics.stateSize, dynamics.actionSize)
      differentiable = steps > 0 && !dynamics.predictsRewards ? objective as? any DifferentiableObjective : nil
      before = Vector(count: steps > 0 ? 0 : capacity * stateSize)
      taken = Vector(count: steps * capacity * actionSize)
      rewards = Vector(count: capacity)
      terminated = FixedBuffer(false, count: capacity)
      let scratch = differentiable == nil ? 0 : capacity
      rewardStates = Vector(count: scratch * stateSize)
      rewardActions = Vector(count: scratch * actionSize)
      rewardNext = Vector(count: scratch * stateSize)
    }

    public var count: Int { rollout.count }
    public var steps: Int { rollout.steps }
    public var states: UnsafePointer<Float> { rollout.states }
    public func states(at step: Int) -> UnsafePointer<Float> { rollout.states(at: step) }

    public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
      rollout.reset(starts, using: random)
    }

    public mutating func step(_ actions: UnsafePointer<Float>) -> PredictedStep {
      let (count, time) = (rollout.count, rollout.steps)
      let start: UnsafePointer<Float>
      if keptSteps > 0 {
        (taken.mutablePointer + time * capacity * actionSize).update(from: actions, count: count * actionSize)
        rollout.advance(actions)
        start = rollout.states(at: time)
      } else {
        before.mutablePointer.update(from: rollout.states, count: count * stateSize)
        start = before.pointer
        rollout.advance(actions)
      }
      let (predicted, ends) = (rollout.predictedRewards, rollout.predictedTerminations)
      if predicted == nil || ends == nil {
        objective.evaluate(
          count: count, states: start, actions: actions, next: rollout.states, rewards: rewards.mutablePointer,
          terminated: terminated.pointer)
      }
      return PredictedStep(
        states: start, actions: actions, next: rollout.states, rewards: predicted ?? rewards.pointer,
        terminated: ends ?? UnsafePointer(terminated.pointer))
    }

    public mutating func pullBack(
      step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
      scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
      actionGradients: UnsafeMutablePointer<Float>
    ) {
      precondition(scoreWeights == nil || nextGradients == nil, "next states are either followed or held fixed")
      guard let differentiable, let rewardGradients else {
        return rollout.pullBack(
          step: step, nextGradients: nextGradients, rewardGradients: rewardGradients, scoreWeights: scoreWeights,
          stateGradients: stateGradients, actionGradients: actionGradients)
      }
      let rows = rollout.count
      let (states, actions, next) = (
        rewardStates.mutablePointer, rewardActions.mutablePointer, rewardNext.mutablePointer
      )
      differentiable.differentiate(
        count: rows, states: rollout.states(at: step), actions: taken.pointer + step * capacity * actionSize,
        next: rollout.states(at: step + 1), stateGradients: states, actionGradients: actions, nextGradients: next)
      // a row that counts for nothing may be anywhere, where 0 times it would not be 0
      for row in 0..<rows {
        let factor = rewardGradients[row]
        for i in row * stateSize..<(row + 1) * stateSize {
          states[i] = factor == 0 ? 0 : factor * states[i]
          next[i] = (factor == 0 ? 0 : factor * next[i]) + (nextGradients.map { $0[i] } ?? 0)
        }
        for i in row * actionSize..<(row + 1) * actionSize { actions[i] = factor == 0 ? 0 : factor * actions[i] }
      }
      rollout.pullBack(
        step: step, nextGradients: scoreWeights == nil ? UnsafePointer(next) : nil, rewardGradients: nil,
        scoreWeights: scoreWeights, stateGradients: stateGradients, actionGradients: actionGradients)
      for i in 0..<rows * stateSize { stateGradients[i] += states[i] }
      for i in 0..<rows * actionSize { actionGradients[i] += actions[i] }
    }
  }
}

extension KnownRewards: Checkpointable, Archived, LearnedWorld where Dynamics: LearnedDynamics {
  public static var metricNames: [String] { Dynamics.metricNames }
  public var isFitted: Bool { dynamics.isFitted }
  public var predictiveModel: (any PredictiveModel)? { dynamics as? any PredictiveModel }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try dynamics.fit(to: data, using: &random, metrics: &metrics)
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&dynamics) }
}
