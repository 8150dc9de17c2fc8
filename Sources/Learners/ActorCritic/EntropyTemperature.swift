import Archive
import Interfaces
import Kernels
import Networks

/// The entropy temperature alpha of soft actor-critic, and how it follows the policy's entropy (Haarnoja et al. 2018b, equation
/// 18, of log alpha): d log alpha = -(log pi + target entropy), by Adam.
struct EntropyTemperature {
  /// Entropy that it is steered to in the end, in nats.
  private let finalTarget: Float
  /// Where the target starts, and the steps in which it gets to the end, linearly; nil where it stays.
  private let schedule: (start: Float, steps: Int)?
  private let learningRate: Float
  private(set) var logarithm: Vector
  private var optimizer = Adam(count: 1)

  /// Starts at `initial` > 0; a learning rate of 0 keeps it there. Without a target it is minus the number of action
  /// components; with a schedule, the target moves to it from `start` in that many steps.
  init(
    initial: Float, target: Float?, schedule: (start: Float, steps: Int)? = nil, actionSize: Int, learningRate: Float
  ) {
    finalTarget = target ?? -Float(actionSize)
    self.schedule = schedule
    self.learningRate = learningRate
    logarithm = Vector([Scalar.log(initial)])
  }

  /// Entropy that the next step steers to, in nats.
  var target: Float {
    guard let schedule, optimizer.steps < schedule.steps else { return finalTarget }
    return schedule.start + (finalTarget - schedule.start) * Float(optimizer.steps) / Float(schedule.steps)
  }

  /// Alpha.
  var value: Float { Scalar.exp(logarithm[0]) }

  /// Takes the step that follows an actor's of that entropy, in nats, and records both.
  mutating func follow(_ entropy: Float, metrics: inout MetricRow) {
    if learningRate > 0 {
      // d/d(log alpha) of -log alpha * (log pi + target entropy)
      var gradient = entropy - target
      optimizer.beginStep(learningRate: learningRate)
        .apply(logarithm.mutablePointer, gradient: &gradient, range: 0..<1)
    }
    metrics.record("temperature", value)
    metrics.record("entropy", entropy)
  }
}

extension EntropyTemperature: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("log_temperature", &logarithm)
    try fields.field("temperature_optimizer", &optimizer)
  }
}
