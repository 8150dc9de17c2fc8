import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of a policy that imitates a planner.
public struct ClonedPolicySettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [64, 64]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Learning rate of Adam", in: 1e-7...1) public var learningRate: Float = 1e-3
  @Setting("Decisions in a minibatch", in: 1...65536) public var batchSize: Int = 64
  @Setting("Gradient steps in a fit", in: 1...1_000_000) public var updates: Int = 500
  @Setting("Decisions kept, the latest ones", in: 1...10_000_000) public var capacity: Int = 20_000
}

/// Behavioral cloning of planned decisions: a deterministic policy tanh(f(s)) in the box of actions, fitted to the latest
/// decisions by the mean squared error of the unit actions. As the prior of a planner it proposes plans by acting in the
/// model, as in POPLIN-A (Wang and Ba 2020) but without noise of its own.
public struct ClonedPolicy: PlanPrior, Archived {
  private let settings: ClonedPolicySettings
  private let scaling: ActionScaling
  private let network: Perceptron
  private let workspace: PerceptronWorkspace
  private var parameters: Vector
  private var optimizer: Adam
  private var random: RandomStream
  /// Observations of the decisions in a ring, [capacity, D]. Rows are added as they come.
  private var observations: [Float] = []
  /// Their actions in the unit box, [capacity, A].
  package private(set) var actions: [Float] = []
  /// Decisions taken in so far.
  private var seen = 0
  private var mean: [Float]
  private var inverse: [Float]
  private var isTrained = false
  private var gradient: Vector
  private var batch: Matrix
  private var targets: Matrix

  /// An untrained policy for observations of `observationSize` floats and actions between the bounds.
  public init(
    _ settings: ClonedPolicySettings, observationSize: Int, low: [Float], high: [Float],
    using random: RandomStream
  ) {
    self.settings = settings
    scaling = ActionScaling(low: low, high: high)
    network = Perceptron(
      inputs: observationSize, hidden: settings.hidden, outputs: low.count,
      activation: settings.activation)
    workspace = PerceptronWorkspace(
      for: network, capacity: settings.batchSize, keepsActivations: true)
    var stream = random.child("weights")
    parameters = network.initialParameters(.truncatedNormal(scale: 0.5), using: &stream)
    optimizer = Adam(count: parameters.count)
    self.random = random.child("batches")
    mean = Array(repeating: 0, count: observationSize)
    inverse = Array(repeating: 1, count: observationSize)
    gradient = Vector(count: parameters.count)
    batch = Matrix(rows: settings.batchSize, columns: observationSize)
    targets = Matrix(rows: settings.batchSize, columns: low.count)
    observations.reserveCapacity(settings.capacity * observationSize)
    actions.reserveCapacity(settings.capacity * low.count)
  }

  public var isFitted: Bool { isTrained }

  public mutating func observe(_ observation: [Float], _ action: [Float]) {
    let (size, width) = (network.inputs, network.outputs)
    precondition(observation.count == size && action.count == width, "a decision of other sizes")
    let place = seen % settings.capacity
    if actions.count < settings.capacity * width && place * width == actions.count {
      observations.append(contentsOf: observation)
      actions.append(contentsOf: action)
    } else {
      for i in 0..<size { observations[place * size + i] = observation[i] }
      for i in 0..<width { actions[place * width + i] = action[i] }
    }
    seen += 1
  }

  public mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let count = actions.count / network.outputs
    guard count > 0 else { return }
    normalize()
    var total: Float = 0
    for _ in 0..<settings.updates { total += update(count) }
    let loss = total / Float(settings.updates)
    guard loss.isFinite else { throw NumericalFailure(metric: "prior_loss", value: loss) }
    isTrained = true
    metrics.record("prior_loss", loss)
  }

  /// One gradient step; returns the minibatch's loss.
  private mutating func update(_ count: Int) -> Float {
    let (rows, size, width) = (settings.batchSize, network.inputs, network.outputs)
    let (x, y) = (batch.mutablePointer, targets.mutablePointer)
    for r in 0..<rows {
      let row = random.index(below: count)
      for i in 0..<size { x[r * size + i] = (observations[row * size + i] - mean[i]) * inverse[i] }
      for i in 0..<width { y[r * width + i] = actions[row * width + i] }
    }
    scaling.toUnit(y, rows: rows, into: y, stride: width)
    let output = network.forward(parameters.pointer, x, rows: rows, workspace)
    var loss: Float = 0
    let share = 1 / Float(rows * width)
    for i in 0..<rows * width {
      let action = Scalar.tanh(output[i])
      let error = action - y[i]
      loss += error * error * share
      output[i] = 2 * error * share * (1 - action * action)
    }
    network.backward(
      parameters.pointer, x, rows: rows, outputGradient: output, workspace,
      parameterGradient: gradient.mutablePointer)
    optimizer.step(&parameters, gradient: gradient, learningRate: settings.learningRate)
    return loss
  }

  /// Takes mean and deviation of the observations.
  private mutating func normalize() {
    var moments = RunningMoments(size: network.inputs)
    observations.withUnsafeBufferPointer { all in
      for start in stride(from: 0, to: all.count, by: network.inputs) {
        moments.add(UnsafeBufferPointer(rebasing: all[start..<start + network.inputs]))
      }
    }
    let deviations = moments.standardDeviation
    for i in mean.indices {
      mean[i] = Float(moments.mean[i])
      inverse[i] = deviations[i] > 1e-6 ? Float(1 / deviations[i]) : 1
    }
  }

  public func act(on observation: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: network.inputs) { x in
      guard let base = x.baseAddress else { return }
      for i in x.indices { base[i] = (observation[i] - mean[i]) * inverse[i] }
      let output = network.forward(parameters.pointer, base, rows: 1, workspace)
      for i in 0..<network.outputs { action[i] = Scalar.tanh(output[i]) }
      scaling.fromUnit(action, rows: 1)
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
    try fields.field("optimizer", &optimizer)
    try fields.field("random", &random)
    try fields.field("observations", &observations, growing: true)
    try fields.field("actions", &actions, growing: true)
    try fields.field("seen", &seen)
    let held = min(seen, settings.capacity)
    guard observations.count == held * network.inputs, actions.count == held * network.outputs else {
      throw .mismatch(
        name: "decisions", expected: "\(held) of them",
        found: "\(observations.count) numbers of observations, \(actions.count) of actions")
    }
    try fields.field("mean", &mean)
    try fields.field("inverse", &inverse)
    try fields.field("trained", &isTrained)
  }
}
