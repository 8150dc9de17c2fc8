import Archive
import Configuration
import Interfaces
import Kernels

/// Cross-entropy method over action sequences (Rubinstein 1999), in the form of PETS (Chua et al. 2018): each iteration draws
/// plans from a truncated normal distribution, and moves its mean and variance toward those of the best plans.
///
/// The decision is the mean of the final distribution, not the best plan seen, which overfits the model's errors. A plan
/// whose return is not finite never becomes an elite. Cost: iterations * population rollouts of the horizon.
public struct CrossEntropy: Planner {
  /// What can be set; defaults are those of PETS on cart-pole.
  public struct Settings: PlannerConfiguration {
    /// The defaults.
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn in an iteration", in: 2...1_000_000) public var population: Int = 400
    @Setting("Best plans that the distribution is refitted to", in: 1...1_000_000) public var elites: Int = 40
    @Setting("Refinements of the distribution for each decision", in: 1...1000) public var iterations: Int = 5
    @Setting("Share of the old mean and variance kept in a refinement", in: 0...0.999) public var momentum: Float = 0.1
    @Setting("Initial standard deviation, as a share of the action range", in: 0.001...1) public var spread: Float = 0.25
    @Setting("Variance at which refinement stops, as a share of the squared action range", in: 0...1)
    public var tolerance: Float = 1e-5

    public func validate() throws(ConfigurationError) {
      if elites > population { throw ConfigurationError("elites", "must not exceed population (\(population))") }
    }
  }

  public static let name = "cem"
  public static let summary = "cross-entropy method: iteratively refits a truncated normal to the best plans"

  private let settings: Settings
  private let low: [Float]
  private let high: [Float]
  private var mean: [Float]  // [H * A], the warm start
  private var variance: [Float]
  private var plans: Matrix
  private var returns: [Float]
  private var order: [Int32]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    precondition(low.count == high.count && !low.isEmpty, "bounds of different sizes")
    self.settings = settings
    self.low = low
    self.high = high
    let size = settings.horizon * low.count
    mean = Array(repeating: 0, count: size)
    variance = Array(repeating: 0, count: size)
    plans = Matrix(rows: settings.population, columns: size)
    returns = Array(repeating: 0, count: settings.population)
    order = Array(repeating: 0, count: settings.population)
    reset()
  }

  public mutating func reset() {
    for i in mean.indices { mean[i] = middle(i % low.count) }
  }

  private func middle(_ component: Int) -> Float { 0.5 * (low[component] + high[component]) }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(evaluator.horizon == settings.horizon && evaluator.actionSize == low.count, "evaluator of another shape")
    for i in variance.indices {
      let deviation = settings.spread * (high[i % low.count] - low[i % low.count])
      variance[i] = deviation * deviation
    }
    for _ in 0..<settings.iterations {
      draw(using: &random)
      evaluator.evaluate(plans, returns: &returns)
      if !refit() { break }
    }
    let size = low.count
    for i in 0..<size { action[i] = mean[i] }
    for i in 0..<mean.count - size { mean[i] = mean[i + size] }
    for i in mean.count - size..<mean.count { mean[i] = middle(i % size) }
  }

  /// Plans from the normal truncated at two deviations, its variance limited so that they stay inside the bounds.
  private mutating func draw(using random: inout RandomStream) {
    let (target, size) = (plans.mutablePointer, low.count)
    random.fillTruncatedNormal(target, count: plans.count, bound: 2)
    for i in mean.indices {
      let room = min(mean[i] - low[i % size], high[i % size] - mean[i]) * 0.5
      let deviation = min(room * room, variance[i]).squareRoot()
      for row in 0..<plans.rows {
        let value = mean[i] + deviation * target[row * mean.count + i]
        target[row * mean.count + i] = min(max(value, low[i % size]), high[i % size])
      }
    }
  }

  /// Moves the distribution toward the elites; false when it has become narrow.
  private mutating func refit() -> Bool {
    TopSelection.select(settings.elites, of: returns, order: &order)
    var kept = 0
    for index in 0..<settings.elites where returns[Int(order[index])].isFinite {
      order[kept] = order[index]
      kept += 1
    }
    guard kept > 0 else { return true }
    let (source, width, share) = (plans.pointer, mean.count, 1 / Float(kept))
    var widest: Float = 0
    for i in 0..<width {
      var sum: Float = 0
      for index in 0..<kept { sum += source[Int(order[index]) * width + i] }
      let center = sum * share
      var squares: Float = 0
      for index in 0..<kept {
        let deviation = source[Int(order[index]) * width + i] - center
        squares += deviation * deviation
      }
      mean[i] = settings.momentum * mean[i] + (1 - settings.momentum) * center
      variance[i] = settings.momentum * variance[i] + (1 - settings.momentum) * squares * share
      let range = high[i % low.count] - low[i % low.count]
      widest = max(widest, variance[i] / (range * range))
    }
    return widest > settings.tolerance
  }

  public func save(to writer: inout StateWriter) { writer.write("mean", mean) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    mean = try reader.read("mean", shape: [mean.count])
  }
}
