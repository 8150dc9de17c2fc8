public import Configuration
public import Interfaces

/// An environment with its objective, to be wrapped.
///
/// The objective follows the environment where it can: it scales rewards and maps actions as the wrappers do. It is dropped
/// where the steps it was about are no more (`ActionRepeat`, `StickyActions`), where observations no longer are what it
/// expects (images, stacks, normalization), and where rewards depend on the past (`NormalizedRewards`).
public struct WrappedTask: Sendable {
  /// The environment.
  public private(set) var environment: any Environment
  /// Reward and termination of its steps; nil where there is none.
  public private(set) var objective: (any Objective)?

  /// Not wrapped yet.
  public init(_ environment: any Environment, objective: (any Objective)?) {
    self.environment = environment
    self.objective = objective
  }

  /// Wraps in the order of the settings' declaration, the first innermost; the time limit counts the agent's decisions.
  /// Throws when a wrapper does not fit, naming its key below `path`.
  public mutating func wrap(_ settings: WrapperSettings, path: String) throws(ConfigurationError) {
    var inner = self
    func wrap(
      _ key: String, if isWanted: Bool, _ make: (inout WrappedTask) throws(WrapperError) -> Void
    ) throws(ConfigurationError) {
      guard isWanted else { return }
      do { try make(&inner) } catch {
        throw ConfigurationError(
          kind: .relation, key: path.isEmpty ? key : "\(path).\(key)", problem: error.description)
      }
    }
    try wrap("sticky_actions", if: settings.stickyActions > 0) { (task) throws(WrapperError) in
      task = WrappedTask(task.environment.sticky(settings.stickyActions), objective: nil)
    }
    try wrap("action_repeat", if: settings.actionRepeat > 1) { (task) throws(WrapperError) in
      task = WrappedTask(task.environment.repeating(settings.actionRepeat), objective: nil)
    }
    try wrap("clip_actions", if: settings.clipActions) { (task) throws(WrapperError) in
      task = try task.environment.clipping(task.objective)
    }
    try wrap("rescale_actions", if: settings.rescaleActions) { (task) throws(WrapperError) in
      task = try task.environment.rescaling(task.objective)
    }
    if let steps = settings.discretizedActions {
      try wrap("discretized_actions", if: true) { (task) throws(WrapperError) in
        task = try task.environment.discretizing(steps, task.objective)
      }
    }
    try wrap("grayscale", if: settings.grayscale) { (task) throws(WrapperError) in
      task = WrappedTask(try task.environment.gray(), objective: nil)
    }
    try wrap("resized", if: !settings.resized.isEmpty) { (task) throws(WrapperError) in
      task = WrappedTask(try task.environment.resized(settings.resized[0], settings.resized[1]), objective: nil)
    }
    try wrap("frame_stack", if: settings.frameStack > 1) { (task) throws(WrapperError) in
      task = WrappedTask(task.environment.stacked(settings.frameStack), objective: nil)
    }
    try wrap("normalize_observations", if: settings.normalizeObservations) { (task) throws(WrapperError) in
      task = WrappedTask(try task.environment.normalized(settings.normalizedLimit), objective: nil)
    }
    try wrap("scaled_rewards", if: settings.scaledRewards != 1) { (task) throws(WrapperError) in
      task = WrappedTask(
        task.environment.scaling(settings.scaledRewards),
        objective: task.objective.map { ScaledObjective($0, by: settings.scaledRewards) })
    }
    try wrap("normalize_rewards", if: settings.normalizeRewards) { (task) throws(WrapperError) in
      task = WrappedTask(
        task.environment.normalizingRewards(settings.rewardDiscount, settings.normalizedLimit), objective: nil)
    }
    if let limit = settings.timeLimit {
      try wrap("time_limit", if: true) { (task) throws(WrapperError) in
        task = WrappedTask(try task.environment.limited(limit), objective: task.objective)
      }
    }
    self = inner
  }
}

/// One function for each wrapper, so that an `any Environment` can be wrapped too.
extension Environment {
  fileprivate func sticky(_ probability: Float) -> any Environment { StickyActions(self, probability: probability) }

  fileprivate func repeating(_ times: Int) -> any Environment { ActionRepeat(self, times: times) }

  fileprivate func clipping(_ objective: (any Objective)?) throws(WrapperError) -> WrappedTask {
    let wrapped = try ClippedActions(self)
    return WrappedTask(wrapped, objective: objective.map { wrapped.objective($0) })
  }

  fileprivate func rescaling(_ objective: (any Objective)?) throws(WrapperError) -> WrappedTask {
    let wrapped = try RescaledActions(self)
    return WrappedTask(wrapped, objective: objective.map { wrapped.objective($0) })
  }

  fileprivate func discretizing(_ steps: Int, _ objective: (any Objective)?) throws(WrapperError) -> WrappedTask {
    let wrapped = try DiscretizedActions(self, steps: steps)
    return WrappedTask(wrapped, objective: objective.map { wrapped.objective($0) })
  }

  fileprivate func gray() throws(WrapperError) -> any Environment { try Grayscale(self) }

  fileprivate func resized(_ height: Int, _ width: Int) throws(WrapperError) -> any Environment {
    try Resized(self, height: height, width: width)
  }

  fileprivate func stacked(_ frames: Int) -> any Environment { FrameStack(self, frames: frames) }

  fileprivate func normalized(_ limit: Float) throws(WrapperError) -> any Environment {
    try NormalizedObservations(self, limit: limit)
  }

  fileprivate func scaling(_ factor: Float) -> any Environment { ScaledRewards(self, by: factor) }

  fileprivate func normalizingRewards(_ discount: Float, _ limit: Float) -> any Environment {
    NormalizedRewards(self, discount: discount, limit: limit)
  }

  fileprivate func limited(_ steps: Int) throws(WrapperError) -> any Environment { try TimeLimit(self, steps: steps) }
}
