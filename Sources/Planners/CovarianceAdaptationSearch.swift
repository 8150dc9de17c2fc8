import Archive
import Configuration
import Interfaces
import Kernels

/// CMA-ES over action sequences (Hansen 2016): each generation draws plans from a normal distribution whose full covariance,
/// over all decisions and components together, follows the steps that were good.
///
/// It works in the unit box of each action component; what becomes of candidates outside is `CovarianceAdaptation`'s matter. The
/// decision is the mean of the final distribution, as with `CrossEntropy`, to whose diagonal distribution this one is the
/// alternative. A plan whose return is not finite counts as the worst. Cost: iterations * population rollouts of the horizon,
/// and O(population (H A)^2) a generation.
public struct CovarianceAdaptationSearch: ContinuousPlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn in a generation", in: 2...1_000_000) public var population: Int = 100
    @Setting("Generations for each decision", in: 1...10_000) public var iterations: Int = 20
    @Setting("Initial standard deviation, as a share of the action range", in: 0.001...1) public var spread: Float =
      0.25
  }

  public static let name = "cma-es"
  public static let takesSuggestions = true
  public static let summary = "CMA-ES: evolution strategy that adapts the full covariance of plans"

  private let settings: Settings
  private let adaptation: CovarianceAdaptation
  private var mean: PlannedMean
  private var state: [Double]
  private var scratch: [Double]
  private var unit: [Float]
  private var noise: Matrix
  private var candidates: Matrix
  private var plans: Matrix
  private var returns: [Float]
  private var order: [Int32]

  public init(_ settings: Settings, low: [Float], high: [Float]) {
    self.settings = settings
    mean = PlannedMean(horizon: settings.horizon, low: low, high: high)
    adaptation = CovarianceAdaptation(dimension: mean.count, population: settings.population)
    state = Array(repeating: 0, count: adaptation.stateCount)
    scratch = Array(repeating: 0, count: adaptation.scratchCount)
    unit = Array(repeating: 0, count: mean.count)
    noise = Matrix(rows: settings.population, columns: mean.count)
    candidates = noise
    plans = noise
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
    let size = mean.low.count
    for i in unit.indices {
      let (low, high) = (mean.low[i % size], mean.high[i % size])
      unit[i] = 2 * (mean.values[i] - low) / (high - low) - 1
    }
    state.withUnsafeMutableBufferPointer { state in
      guard let state = state.baseAddress else { return }
      unit.withUnsafeBufferPointer {
        adaptation.start(state, mean: $0.baseAddress, deviation: 2 * Double(settings.spread))
      }
    }
    var moved = false
    for _ in 0..<settings.iterations {
      draw(using: &random)
      evaluator.evaluate(plans, returns: &returns)
      adapt()
      moved = moved || returns.contains { $0.isFinite }
    }
    // without any finite return the plan stays as it is, to the bit
    if moved { takeMean() }
    mean.takeFirst(into: &action)
  }

  private mutating func draw(using random: inout RandomStream) {
    random.fillNormal(noise.mutablePointer, count: noise.count)
    let target = candidates.mutablePointer
    state.withUnsafeBufferPointer {
      if let state = $0.baseAddress { adaptation.draw(state, noise: noise.pointer, into: target) }
    }
    let (plan, size, width) = (plans.mutablePointer, mean.low.count, mean.count)
    for row in 0..<plans.rows {
      for i in 0..<width { plan[row * width + i] = bounded(target[row * width + i], i % size) }
    }
  }

  /// An action component of the unit box in the environment's units, within the bounds to the bit.
  private func bounded(_ x: Float, _ component: Int) -> Float {
    let (low, high) = (mean.low[component], mean.high[component])
    return min(max(low + (high - low) * (0.5 * (x + 1)), low), high)
  }

  private mutating func adapt() {
    state.withUnsafeMutableBufferPointer { state in
      scratch.withUnsafeMutableBufferPointer { scratch in
        order.withUnsafeMutableBufferPointer { order in
          returns.withUnsafeBufferPointer { returns in
            guard let state = state.baseAddress, let scratch = scratch.baseAddress, let order = order.baseAddress,
              let returns = returns.baseAddress
            else { return }
            adaptation.adapt(state, noise: noise.pointer, values: returns, order: order, scratch: scratch)
          }
        }
      }
    }
  }

  private mutating func takeMean() {
    for i in unit.indices { mean.values[i] = bounded(Float(state[i]), i % mean.low.count) }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&mean) }
}

extension CovarianceAdaptationSearch: WarmStartedPlanner {
  package var warmStart: [Float] { mean.values }
}
