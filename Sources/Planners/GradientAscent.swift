import Archive
import Configuration
import Interfaces
import Kernels

/// Gradient ascent on the plan itself: several plans at once climb their predicted returns by backpropagation through the
/// model, with steps as Adam's (Kingma and Ba 2015), and stay within the bounds by projection.
///
/// The first plan starts from the last decision's, one step on, the others from it with Gaussian noise added. The step
/// falls linearly to nothing over the iterations. The decision is that of the best plan that was met, of all plans at all
/// iterations. A plan whose return or gradient is not finite stays where it is. Cost: iterations rollouts there and back
/// for each restart, and one more rollout at the end.
public struct GradientAscent: ContinuousPlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 20
    @Setting("Plans improved at once", in: 1...100_000) public var restarts: Int = 16
    @Setting("Steps of gradient ascent for each decision", in: 1...100_000) public var iterations: Int = 20
    @Setting("First step of a plan's components, as a share of the action range", in: 1e-6...1)
    public var learningRate: Float = 0.1
    @Setting("Standard deviation that restarts start with, as a share of the action range", in: 0...1)
    public var spread: Float = 0.25
  }

  public static let name = "gradient"
  public static let summary = "gradient ascent on plans by backpropagation through the model"
  public static let need = PlannerNeed.gradients

  private let settings: Settings
  private var mean: PlannedMean
  private var plans: Matrix
  private var returns: [Float]
  private var gradients: Matrix
  /// Moments of Adam, begun anew for each decision.
  private var first: Matrix
  private var second: Matrix
  private var best: [Float]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    self.settings = settings
    mean = PlannedMean(horizon: settings.horizon, low: low, high: high)
    plans = Matrix(rows: settings.restarts, columns: mean.count)
    returns = Array(repeating: 0, count: settings.restarts)
    (gradients, first, second) = (plans, plans, plans)
    best = mean.values
  }

  public var horizon: Int { settings.horizon }

  public mutating func reset() { mean.reset() }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(
      evaluator.horizon == settings.horizon && evaluator.actionSize == mean.low.count, "evaluator of another shape")
    draw(using: &random)
    for i in best.indices { best[i] = mean.values[i] }
    var highest = -Float.infinity
    for iteration in 0..<settings.iterations {
      evaluator.differentiate(plans, returns: &returns, gradients: &gradients)
      keepBest(&highest)
      climb(iteration)
    }
    evaluator.evaluate(plans, returns: &returns)
    keepBest(&highest)
    for i in best.indices { mean.values[i] = best[i] }
    mean.takeFirst(into: &action)
  }

  private mutating func draw(using random: inout RandomStream) {
    let (target, size) = (plans.mutablePointer, mean.low.count)
    random.fillNormal(target, count: plans.count)
    for row in 0..<plans.rows {
      let spread = row == 0 ? 0 : settings.spread
      for i in 0..<mean.count {
        let (low, high) = (mean.low[i % size], mean.high[i % size])
        let value = mean.values[i] + spread * (high - low) * target[row * mean.count + i]
        target[row * mean.count + i] = min(max(value, low), high)
      }
    }
    first.fill(0)
    second.fill(0)
  }

  /// Remembers the best plan so far.
  private mutating func keepBest(_ highest: inout Float) {
    for row in returns.indices where returns[row].isFinite && returns[row] > highest {
      highest = returns[row]
      let plan = plans.pointer + row * mean.count
      for i in best.indices { best[i] = plan[i] }
    }
  }

  /// Adam's step with beta 0.9 and 0.999, in units of the action range, and back into the bounds.
  private mutating func climb(_ iteration: Int) {
    let (width, size) = (mean.count, mean.low.count)
    let (plan, gradient) = (plans.mutablePointer, gradients.pointer)
    let (m, v) = (first.mutablePointer, second.mutablePointer)
    let rate = settings.learningRate * (1 - Float(iteration) / Float(settings.iterations))
    let (c1, c2) = (1 - power(0.9, iteration + 1), 1 - power(0.999, iteration + 1))
    for row in 0..<plans.rows where returns[row].isFinite {
      let start = row * width
      guard Reductions.allFinite(gradient + start, count: width) else { continue }
      for i in 0..<width {
        let range = mean.high[i % size] - mean.low[i % size]
        let slope = range * gradient[start + i]
        m[start + i] = 0.9 * m[start + i] + 0.1 * slope
        v[start + i] = 0.999 * v[start + i] + 0.001 * slope * slope
        let step = rate * range * (m[start + i] / c1) / ((v[start + i] / c2).squareRoot() + 1e-8)
        plan[start + i] = min(max(plan[start + i] + step, mean.low[i % size]), mean.high[i % size])
      }
    }
  }

  private func power(_ base: Float, _ exponent: Int) -> Float {
    var result: Float = 1
    for _ in 0..<exponent { result *= base }
    return result
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&mean) }
}

extension GradientAscent: WarmStartedPlanner {
  package var warmStart: [Float] { mean.values }
}
