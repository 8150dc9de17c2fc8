import Interfaces
import Kernels

/// The task itself as a model that can be differentiated, with exact derivatives by dual numbers; on demand with
/// Gaussian noise on each component of the physical state after a step.
///
/// It is the model without error: what a planner or a learner finds in it is due to the method alone. States are
/// observations, as in every model, while the physics goes on in double precision.
public struct DifferentiableTrueModel<Task: DifferentiableTask>: DynamicsModel {
  /// Dynamics and their bounds.
  let dynamics: TaskDynamics<Task>
  /// Standard deviation of the noise on each component of the physical state; 0 for none.
  public let noise: Float

  /// A model of `task`, whose own episode plays no part.
  public init(_ task: Task, noise: Float = 0) {
    precondition(noise >= 0, "noise \(noise)")
    dynamics = TaskDynamics(task)
    self.noise = noise
  }

  /// Floats per observation.
  public var stateSize: Int { dynamics.observationSize }
  /// Floats per action.
  public var actionSize: Int { dynamics.actionSize }
  /// Enough to share the work among threads.
  public var preferredRows: Int { 64 }
  /// Scores are known where there is noise.
  public var gradients: GradientSupport { noise > 0 ? .pathwiseAndScores : .pathwise }

  /// The model without noise.
  public var expectation: DifferentiableTrueModel { DifferentiableTrueModel(dynamics.task) }

  public func makeRollout(capacity: Int, keeping steps: Int) -> DifferentiableTrueRollout<Task> {
    DifferentiableTrueRollout(self, capacity: capacity, keptSteps: steps > 0 ? steps : nil)
  }
}

/// Copies of a task that advance together, with the Jacobians of each step.
///
/// A gradient with respect to an observation y of the physical state x is one of its extensions off the observations
/// that there are: ∂L/∂y = J (JᵀJ)⁻¹ ∂L/∂x with J = ∂y/∂x, so that Jᵀ ∂L/∂y = ∂L/∂x.
public struct DifferentiableTrueRollout<Task: DifferentiableTask>: ModelRollout {
  let model: DifferentiableTrueModel<Task>
  let capacity: Int
  /// Steps that are kept; nil where derivatives are not wanted.
  let keptSteps: Int?
  public private(set) var count = 0
  public private(set) var steps = 0
  private var random = RandomStream(seed: 0)
  /// Physical states [steps + 1, capacity, n] and their observations [steps + 1, capacity, D].
  private var physical: [Double]
  private var observations: Vector
  /// ∂y/∂x [steps + 1, capacity, D, n]; ∂x'/∂x [steps, capacity, n, n] and ∂x'/∂u [steps, capacity, n, m].
  private(set) var observationJacobians: [Double]
  private(set) var stateJacobians: [Double]
  private(set) var actionJacobians: [Double]
  private(set) var draws: Vector  // [steps, capacity, n]
  /// One observation, before it is rounded.
  private var plainObservation: [Double]
  private var dualObservation: [Dual]

  init(_ model: DifferentiableTrueModel<Task>, capacity: Int, keptSteps: Int?) {
    self.model = model
    self.capacity = capacity
    self.keptSteps = keptSteps
    let (n, m, size) = (model.dynamics.stateSize, model.actionSize, model.stateSize)
    let (states, steps) = (((keptSteps ?? 0) + 1) * capacity, (keptSteps ?? 1) * capacity)
    physical = Array(repeating: 0, count: states * n)
    observations = Vector(count: states * size)
    draws = Vector(count: steps * n)
    plainObservation = Array(repeating: 0, count: size)
    dualObservation = Array(repeating: Dual(0), count: size)
    let isKept = keptSteps != nil
    observationJacobians = Array(repeating: 0, count: isKept ? states * size * n : 0)
    stateJacobians = Array(repeating: 0, count: isKept ? steps * n * n : 0)
    actionJacobians = Array(repeating: 0, count: isKept ? steps * n * m : 0)
  }

  public var states: UnsafePointer<Float> { observations.pointer + stepIndex(steps) * capacity * model.stateSize }

  public func states(at step: Int) -> UnsafePointer<Float> {
    precondition(keptSteps != nil && step >= 0 && step <= steps, "step \(step) of \(steps)")
    return observations.pointer + step * capacity * model.stateSize
  }

  private func stepIndex(_ step: Int) -> Int { keptSteps == nil ? 0 : step }

  /// Starts at `states`, which must be observations of the task; there are no particles to tell apart.
  public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    precondition(starts.count <= capacity, "\(starts.count) states in a rollout for \(capacity)")
    count = starts.count
    self.random = random
    steps = 0
    observations.mutablePointer.update(from: starts.states, count: count * model.stateSize)
    let (n, task) = (model.dynamics.stateSize, model.dynamics.task)
    for row in 0..<count {
      let shown = task.state(fromObservation: starts.states + row * model.stateSize)
      for i in 0..<n { physical[row * n + i] = Double(shown[i]) }
      if keptSteps != nil { observe(row, at: 0, writes: false) }
    }
  }

  public mutating func advance(_ actions: UnsafePointer<Float>) {
    precondition(keptSteps.map { steps < $0 } ?? true, "step \(steps + 1) of a rollout that keeps \(keptSteps ?? 0)")
    let n = model.dynamics.stateSize
    let (before, after) = (stepIndex(steps), stepIndex(steps + 1))
    let draw = draws.mutablePointer + before * capacity * n
    if model.noise > 0 { random.fillNormal(draw, count: count * n) }
    for row in 0..<count {
      if keptSteps != nil {
        let next = transition(row, before, actions) { Dual($0, direction: $1) }
        setJacobians(of: next, row, before, actions)
        set(row, after) { next[$0].value }
      } else {
        let next = transition(row, before, actions) { value, _ in value }
        set(row, after) { next[$0] }
      }
      if model.noise > 0 {
        for i in 0..<n { physical[(after * capacity + row) * n + i] += Double(model.noise * draw[row * n + i]) }
      }
      observe(row, at: after, writes: true)
    }
    steps += 1
  }

  @inline(__always)
  private mutating func set(_ row: Int, _ stepIndex: Int, _ value: (Int) -> Double) {
    let n = model.dynamics.stateSize
    for i in 0..<n { physical[(stepIndex * capacity + row) * n + i] = value(i) }
  }

  /// The row's successor over the scalars that `variable` makes of a value and its direction.
  @inline(__always)
  private func transition<Scalar: DynamicsScalar>(
    _ row: Int, _ stepIndex: Int, _ actions: UnsafePointer<Float>, _ variable: (Double, Int) -> Scalar
  ) -> ScalarVector<Scalar> {
    let (n, m, bounds) = (model.dynamics.stateSize, model.actionSize, model.dynamics.actionBounds)
    var (state, action) = (ScalarVector<Scalar>(), ScalarVector<Scalar>())
    for i in 0..<n { state[i] = variable(physical[(stepIndex * capacity + row) * n + i], i) }
    for i in 0..<m {
      action[i] = variable(clip(Double(actions[row * m + i]), bounds.low[i], bounds.high[i]), n + i)
    }
    return model.dynamics.task.transition(from: state, under: action).next
  }

  private mutating func setJacobians(
    of next: ScalarVector<Dual>, _ row: Int, _ stepIndex: Int, _ actions: UnsafePointer<Float>
  ) {
    let (n, m, bounds) = (model.dynamics.stateSize, model.actionSize, model.dynamics.actionBounds)
    let place = stepIndex * capacity + row
    for i in 0..<n {
      let slopes = next[i].slopes
      for j in 0..<n { stateJacobians[(place * n + i) * n + j] = slopes[j] }
      for j in 0..<m {
        let action = Double(actions[row * m + j])
        let isInside = action >= bounds.low[j] && action <= bounds.high[j]
        actionJacobians[(place * n + i) * m + j] = isInside ? slopes[n + j] : 0
      }
    }
  }

  /// Writes a row's observation, if `writes`, and its Jacobian, if kept.
  private mutating func observe(_ row: Int, at stepIndex: Int, writes: Bool) {
    let (n, size, task) = (model.dynamics.stateSize, model.stateSize, model.dynamics.task)
    let place = stepIndex * capacity + row
    let target = observations.mutablePointer + place * size
    if keptSteps == nil {
      var state = ScalarVector<Double>()
      for i in 0..<n { state[i] = physical[place * n + i] }
      plainObservation.withUnsafeMutableBufferPointer { shown in
        guard let base = shown.baseAddress else { return }
        task.observe(state, into: base)
        for i in 0..<size { target[i] = Float(base[i]) }
      }
    } else {
      var state = ScalarVector<Dual>()
      for i in 0..<n { state[i] = Dual(physical[place * n + i], direction: i) }
      dualObservation.withUnsafeMutableBufferPointer { shown in
        guard let base = shown.baseAddress else { return }
        task.observe(state, into: base)
        for i in 0..<size {
          if writes { target[i] = Float(base[i].value) }
          for j in 0..<n { observationJacobians[(place * size + i) * n + j] = base[i].slopes[j] }
        }
      }
    }
  }
}
