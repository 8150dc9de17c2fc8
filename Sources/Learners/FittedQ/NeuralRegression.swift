import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of a network fitted to whole batches.
public struct NeuralRegressionSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [20, 20]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .tanh
  @Setting("Steps of Rprop in a regression", in: 1...1_000_000) public var epochs: Int = 300
  @Setting("First step of each weight", in: 1e-6...10) public var initialStep: Float = 0.01
  @Setting("Draw new weights for each regression; otherwise it goes on from the last") public var redraw: Bool = false
}

/// The regression of neural fitted Q iteration (Riedmiller 2005): a network of observation and action, here one-hot,
/// with one output, fitted to all examples at once by Rprop.
///
///     loss = mean of 1/2 (f(x, a) - (y - m) / d)^2      Q(x, a) = m + d f(x, a)
///
/// Inputs are scaled to mean 0 and deviation 1 of the examples, targets by their mean m and deviation d, so that the
/// first steps fit whatever the rewards are.
public struct NeuralRegression: ActionValueRegression {
  private let settings: NeuralRegressionSettings
  private let network: Perceptron
  private let observationSize: Int
  public let actionCount: Int
  /// Parameters of the network, flat.
  package private(set) var parameters: Vector
  private var optimizer: Rprop
  private var scaling: InputScaling
  /// m and d.
  private var (mean, deviation): (Float, Float) = (0, 1)
  private var isFitted = false
  private let initial: Vector
  private let scratch: NeuralRegressionScratch

  /// A fresh network for observations of `observationSize` floats.
  public init(
    _ settings: NeuralRegressionSettings, observationSize: Int, actions: Int, using random: RandomStream
  ) {
    self.settings = settings
    self.observationSize = observationSize
    actionCount = actions
    network = Perceptron(
      inputs: observationSize + actions, hidden: settings.hidden, outputs: 1, activation: settings.activation)
    var stream = random.child("weights")
    parameters = network.initialParameters(.uniform, using: &stream)
    initial = parameters
    optimizer = Rprop(count: parameters.count, initialStep: settings.initialStep)
    scaling = InputScaling(size: observationSize)
    scratch = NeuralRegressionScratch(network, actions: actions)
  }

  public mutating func reset() {
    parameters.copy(from: initial)
    (mean, deviation, isFitted) = (0, 1, false)
  }

  public mutating func fit(_ examples: ActionValueExamples, using random: RandomStream) throws(NumericalFailure) {
    let (count, size) = (examples.count, observationSize)
    if settings.redraw {
      var stream = random.child("weights")
      parameters = network.initialParameters(.uniform, using: &stream)
    }
    scaling.standardize(examples.observations.pointer, count: count)
    var inputs = Matrix(rows: count, columns: network.inputs)
    let x = inputs.mutablePointer
    for row in 0..<count {
      write(examples.observations.pointer + row * size, examples.actions[row], into: x + row * network.inputs)
    }
    var targets = Vector(count: count)
    scale(examples.targets, into: &targets)
    optimizer.restart()
    var gradient = Vector(count: parameters.count)
    for _ in 0..<settings.epochs {
      let loss = scratch.gradient(network, parameters, inputs, targets, into: &gradient)
      guard loss.isFinite else { throw NumericalFailure(metric: "regression_error", value: loss) }
      optimizer.step(&parameters, gradient: gradient)
    }
    isFitted = true
  }

  /// Takes mean and deviation of `targets`, and scales them.
  private mutating func scale(_ targets: Vector, into scaled: inout Vector) {
    var (sum, squares) = (0.0, 0.0)
    for row in 0..<targets.count { sum += Double(targets.pointer[row]) }
    let average = sum / Double(targets.count)
    for row in 0..<targets.count {
      let difference = Double(targets.pointer[row]) - average
      squares += difference * difference
    }
    let spread = (squares / Double(targets.count)).squareRoot()
    (mean, deviation) = (Float(average), spread > 1e-6 ? Float(spread) : 1)
    let y = scaled.mutablePointer
    for row in 0..<targets.count { y[row] = (targets.pointer[row] - mean) / deviation }
  }

  /// Writes the network's input [D + A].
  private func write(_ observation: UnsafePointer<Float>, _ action: Int, into input: UnsafeMutablePointer<Float>) {
    for i in 0..<observationSize { input[i] = scaling.value(observation, i) }
    for i in 0..<actionCount { input[observationSize + i] = i == action ? 1 : 0 }
  }

  public func values(_ observations: UnsafePointer<Float>, count: Int, into values: UnsafeMutablePointer<Float>) {
    guard isFitted else {
      values.update(repeating: 0, count: count * actionCount)
      return
    }
    scratch.values(count: count) { row, inputs, workspace in
      for action in 0..<actionCount {
        write(observations + row * observationSize, action, into: inputs + action * network.inputs)
      }
      // a row's actions pass together, and no others, so that values do not depend on what else is asked for
      let output = network.forward(parameters.pointer, inputs, rows: actionCount, workspace)
      for action in 0..<actionCount { values[row * actionCount + action] = mean + deviation * output[action] }
    }
  }
}

extension NeuralRegression: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
    try fields.field("scaling", &scaling)
    var targets = [mean, deviation]
    try fields.field("targets", &targets)
    (mean, deviation) = (targets[0], targets[1])
    try fields.field("is_fitted", &isFitted)
  }
}
