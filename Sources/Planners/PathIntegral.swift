import Archive
import Configuration
import Interfaces
import Kernels

/// Model predictive path integral control (Williams et al. 2017): perturbs the current plan and averages the perturbed
/// plans with weights exp((return - best return) / temperature).
///
/// Perturbations are normal, correlated in time by a first-order filter, as in PDDM (Nagabandi et al. 2019, equation 3), and
/// plans are clipped to the bounds. Unlike Williams et al. the weights carry no control-cost correction: the objective
/// prices actions. A plan whose return is not finite gets weight zero. Cost: iterations * population rollouts.
public struct PathIntegral: ContinuousPlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn in an iteration", in: 2...1_000_000) public var population: Int = 400
    @Setting("Refinements of the plan for each decision", in: 1...1000) public var iterations: Int = 3
    @Setting("Standard deviation of perturbations, as a share of the action range", in: 0.001...1)
    public var spread: Float = 0.25
    @Setting("Temperature of the weights, in units of return", in: 1e-6...1e6) public var temperature: Float = 0.5
    @Setting("Weight of fresh noise against the previous decision's; 1 is uncorrelated", in: 0.01...1)
    public var freshness: Float = 0.7
  }

  public static let name = "mppi"
  public static let summary = "model predictive path integral: exponentially weighted average of perturbed plans"

  private let settings: Settings
  private var mean: PlannedMean
  private var plans: Matrix
  private var returns: [Float]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    self.settings = settings
    mean = PlannedMean(horizon: settings.horizon, low: low, high: high)
    plans = Matrix(rows: settings.population, columns: mean.count)
    returns = Array(repeating: 0, count: settings.population)
  }

  public var horizon: Int { settings.horizon }

  public mutating func reset() { mean.reset() }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    for _ in 0..<settings.iterations {
      draw(using: &random)
      evaluator.evaluate(plans, returns: &returns)
      average()
    }
    mean.takeFirst(into: &action)
  }

  private mutating func draw(using random: inout RandomStream) {
    let (target, size, width) = (plans.mutablePointer, mean.low.count, mean.count)
    random.fillNormal(target, count: plans.count)
    let (fresh, kept) = (settings.freshness, 1 - settings.freshness)
    // Unit variance at every time: fresh^2 scale^2 + kept^2 = 1.
    let scale = 1 / (fresh / (2 - fresh)).squareRoot()
    for row in 0..<plans.rows {
      let plan = target + row * width
      for i in size..<max(width, size) { plan[i] = fresh * scale * plan[i] + kept * plan[i - size] }
      for i in 0..<width {
        let c = i % size
        let value = mean.values[i] + settings.spread * (mean.high[c] - mean.low[c]) * plan[i]
        plan[i] = min(max(value, mean.low[c]), mean.high[c])
      }
    }
  }

  private mutating func average() {
    var best = -Float.infinity
    for value in returns where value.isFinite { best = max(best, value) }
    guard best.isFinite else { return }
    var total: Float = 0
    for index in returns.indices {
      returns[index] = returns[index].isFinite ? Scalar.exp((returns[index] - best) / settings.temperature) : 0
      total += returns[index]
    }
    for i in mean.values.indices { mean.values[i] = 0 }
    for row in returns.indices where returns[row] > 0 {
      let (weight, plan) = (returns[row] / total, plans.pointer + row * mean.count)
      for i in mean.values.indices { mean.values[i] += weight * plan[i] }
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&mean) }
}

extension PathIntegral: WarmStartedPlanner {
  package var warmStart: [Float] { mean.values }
}
