import Archive
import Configuration
import Interfaces
import Kernels

/// Cross-entropy method over action sequences (Rubinstein 1999), in the form of PETS (Chua et al. 2018): each iteration draws
/// plans from a truncated normal distribution, and moves its mean and variance toward those of the best plans.
///
/// The decision is the mean of the final distribution, not the best plan seen, which overfits the model's errors. A plan
/// whose return is not finite never becomes an elite. Cost: iterations * population rollouts of the horizon.
public struct CrossEntropy: ContinuousPlanner {
  /// Settings; defaults are those of PETS on cart-pole.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn in an iteration", in: 2...1_000_000) public var population: Int = 400
    @Setting("Best plans that the distribution is refitted to", in: 1...1_000_000) public var elites: Int = 40
    @Setting("Refinements of the distribution for each decision", in: 1...1000) public var iterations: Int = 5
    @Setting("Share of the old mean and variance kept in a refinement", in: 0...0.999) public var momentum: Float = 0.1
    @Setting("Initial standard deviation, as a share of the action range", in: 0.001...1) public var spread: Float =
      0.25
    @Setting("Variance at which refinement stops, as a share of the squared action range", in: 0...1)
    public var tolerance: Float = 1e-5

    public func validate() throws(ConfigurationError) {
      if elites > population { throw ConfigurationError("elites", "must not exceed population (\(population))") }
    }
  }

  public static let name = "cem"
  public static let takesSuggestions = true
  public static let summary = "cross-entropy method: iteratively refits a truncated normal to the best plans"

  /// Where the first mean of a search is closer to a bound than this share of the range, hardly anything but the bound would
  /// ever be drawn, or nothing else.
  private static let nearness: Float = 1e-3
  /// How far from the bound, as a share of the range, such a search starts.
  private static let inset: Float = 0.05

  private let settings: Settings
  private var mean: PlannedMean
  private var variance: [Float]
  private var plans: Matrix
  private var returns: [Float]
  private var order: [Int32]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    self.settings = settings
    mean = PlannedMean(horizon: settings.horizon, low: low, high: high)
    variance = Array(repeating: 0, count: mean.count)
    plans = Matrix(rows: settings.population, columns: mean.count)
    returns = Array(repeating: 0, count: settings.population)
    order = Array(repeating: 0, count: settings.population)
  }

  public var horizon: Int { settings.horizon }

  public mutating func reset() { mean.reset() }

  public mutating func suggest(_ plan: [Float]) { mean.suggest(plan) }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(
      evaluator.horizon == settings.horizon && evaluator.actionSize == mean.low.count, "evaluator of another shape")
    mean.begin(with: &evaluator)
    mean.pullInward(within: Self.nearness, to: Self.inset)
    for i in variance.indices {
      let deviation = settings.spread * (mean.high[i % mean.low.count] - mean.low[i % mean.low.count])
      variance[i] = deviation * deviation
    }
    for _ in 0..<settings.iterations {
      draw(using: &random)
      evaluator.evaluate(plans, returns: &returns)
      if !refit() { break }
    }
    mean.takeFirst(into: &action)
  }

  /// Plans from the normal truncated at two deviations, its variance limited so that they stay inside the bounds.
  private mutating func draw(using random: inout RandomStream) {
    let (target, size) = (plans.mutablePointer, mean.low.count)
    random.fillTruncatedNormal(target, count: plans.count, bound: 2)
    for i in mean.values.indices {
      let room = min(mean.values[i] - mean.low[i % size], mean.high[i % size] - mean.values[i]) * 0.5
      let deviation = min(room * room, variance[i]).squareRoot()
      for row in 0..<plans.rows {
        let value = mean.values[i] + deviation * target[row * mean.count + i]
        target[row * mean.count + i] = min(max(value, mean.low[i % size]), mean.high[i % size])
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
      mean.values[i] = settings.momentum * mean.values[i] + (1 - settings.momentum) * center
      variance[i] = settings.momentum * variance[i] + (1 - settings.momentum) * squares * share
      let range = mean.high[i % mean.low.count] - mean.low[i % mean.low.count]
      widest = max(widest, variance[i] / (range * range))
    }
    return widest > settings.tolerance
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&mean) }
}

extension CrossEntropy: WarmStartedPlanner {
  package var warmStart: [Float] { mean.values }
}
