import Archive
import Configuration
import Interfaces
import Kernels

/// Shooting with discrete actions: the best of all plans where these are no more than the population, else of uniformly drawn
/// ones.
///
/// Without a finite return the decision is a uniform draw. Has no warm start. Cost: at most population rollouts of the
/// horizon.
public struct DiscreteShooting: DiscretePlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting(
      "Plans compared for each decision; all of them if there are no more", in: 1...1_000_000)
    public var population: Int = 1000
  }

  public static let name = "discrete-shooting"
  public static let search = "shooting"
  public static let summary =
    "best of all plans of discrete actions if they are few, else of uniformly drawn ones"

  private let choices: [Int]
  /// Whether all plans are compared; they never change then.
  package let isExhaustive: Bool
  private var plans: Matrix
  private var returns: [Float]

  public init(_ settings: Settings, choices: [Int]) {
    precondition(!choices.isEmpty && choices.allSatisfy { $0 > 0 }, "no choice in \(choices)")
    self.choices = choices
    let width = settings.horizon * choices.count
    // The number of all plans, or more than the population.
    var total = 1
    for i in 0..<width where total <= settings.population { total *= choices[i % choices.count] }
    isExhaustive = total <= settings.population
    plans = Matrix(rows: isExhaustive ? total : settings.population, columns: width)
    returns = Array(repeating: 0, count: plans.rows)
    guard isExhaustive else { return }
    // Plan n spells n in mixed radix, the last choice counting ones.
    for row in 0..<total {
      var rest = row
      for i in stride(from: width - 1, through: 0, by: -1) {
        plans[row, i] = Float(rest % choices[i % choices.count])
        rest /= choices[i % choices.count]
      }
    }
  }

  public var horizon: Int { plans.columns / choices.count }

  public mutating func reset() {}

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream,
    action: inout [Float]
  ) {
    let (width, size) = (plans.columns, choices.count)
    precondition(
      action.count <= width && action.count % size == 0,
      "\(action.count) floats of a plan of \(width)")
    if !isExhaustive {
      let target = plans.mutablePointer
      for i in 0..<plans.count { target[i] = Float(random.index(below: choices[i % size])) }
    }
    evaluator.evaluate(plans, returns: &returns)
    var best = -1
    for index in returns.indices
    where returns[index].isFinite && (best < 0 || returns[index] > returns[best]) {
      best = index
    }
    for i in action.indices {
      action[i] =
        best < 0 ? Float(random.index(below: choices[i % size])) : plans.pointer[best * width + i]
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {}
}
