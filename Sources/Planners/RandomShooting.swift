import Archive
import Configuration
import Interfaces
import Kernels

/// Random shooting: draws plans uniformly between the bounds and takes the first decisions of the best (Nagabandi et al. 2018).
///
/// Without a finite return the decision is the middle of the bounds. Has no warm start. Cost: population rollouts of the
/// horizon.
public struct RandomShooting: ContinuousPlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn for each decision", in: 1...1_000_000) public var population: Int = 2000
  }

  public static let name = "random-shooting"
  public static let search = "shooting"
  public static let summary = "best of uniformly drawn plans"

  private let low: [Float]
  private let high: [Float]
  private var plans: Matrix
  private var returns: [Float]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    precondition(low.count == high.count && !low.isEmpty, "bounds of different sizes")
    self.low = low
    self.high = high
    plans = Matrix(rows: settings.population, columns: settings.horizon * low.count)
    returns = Array(repeating: 0, count: settings.population)
  }

  public var horizon: Int { plans.columns / low.count }

  public mutating func reset() {}

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    let (target, size) = (plans.mutablePointer, low.count)
    random.fillUniform(target, count: plans.count)
    for row in 0..<plans.rows {
      for i in 0..<plans.columns {
        let component = i % size
        target[row * plans.columns + i] =
          low[component] + (high[component] - low[component]) * target[row * plans.columns + i]
      }
    }
    evaluator.evaluate(plans, returns: &returns)
    var best = -1
    for index in returns.indices where returns[index].isFinite && (best < 0 || returns[index] > returns[best]) {
      best = index
    }
    precondition(
      action.count <= plans.columns && action.count % size == 0,
      "\(action.count) floats of a plan of \(plans.columns)")
    for i in action.indices {
      action[i] = best < 0 ? 0.5 * (low[i % size] + high[i % size]) : plans.pointer[best * plans.columns + i]
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {}
}
