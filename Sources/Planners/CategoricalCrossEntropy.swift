import Archive
import Configuration
import Interfaces
import Kernels

/// Cross-entropy method over sequences of discrete actions: each iteration draws plans from independent categorical
/// distributions, one for each choice of each decision, and moves them toward the choices of the best plans
/// (de Boer et al., "A Tutorial on the Cross-Entropy Method" 2005, section 3).
///
/// The decision is that of the best plan that was met: where two good plans differ in several choices, the most probable
/// choices may be a bad mixture of both. Without any finite return it is the most probable choice. A floor keeps every choice
/// possible. A plan whose return is not finite
/// never becomes an elite. The distributions, shifted by the decisions taken and halfway back to uniform, start the next
/// search. Cost: iterations * population rollouts of the horizon.
public struct CategoricalCrossEntropy: DiscretePlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 25
    @Setting("Plans drawn in an iteration", in: 2...1_000_000) public var population: Int = 300
    @Setting("Best plans that the distribution is refitted to", in: 1...1_000_000) public
      var elites: Int = 30
    @Setting("Refinements of the distribution for each decision", in: 1...1000) public
      var iterations: Int = 5
    @Setting("Share of the old probabilities kept in a refinement", in: 0...0.999) public
      var momentum: Float = 0.1
    @Setting("Probability that is shared equally among all choices", in: 0...1) public var floor: Float = 0.02

    public func validate() throws(ConfigurationError) {
      if elites > population {
        throw ConfigurationError("elites", "must not exceed population (\(population))")
      }
    }
  }

  public static let name = "categorical-cem"
  public static let search = "cem"
  public static let summary =
    "cross-entropy method for discrete actions: refits categorical distributions"

  private let settings: Settings
  private let choices: [Int]
  /// First probability of each component within a decision, and the number of all of them.
  private let places: [Int]
  private let size: Int
  /// Probabilities [H, all choices].
  package private(set) var probabilities: [Float]
  private var plans: Matrix
  private var returns: [Float]
  private var order: [Int32]
  /// The best plan of the search.
  private var best: [Float]

  public init(_ settings: Settings, choices: [Int]) {
    precondition(!choices.isEmpty && choices.allSatisfy { $0 > 0 }, "no choice in \(choices)")
    self.settings = settings
    self.choices = choices
    var places: [Int] = []
    var size = 0
    for count in choices {
      places.append(size)
      size += count
    }
    (self.places, self.size) = (places, size)
    probabilities = Array(repeating: 0, count: settings.horizon * size)
    plans = Matrix(rows: settings.population, columns: settings.horizon * choices.count)
    returns = Array(repeating: 0, count: settings.population)
    order = Array(repeating: 0, count: settings.population)
    best = Array(repeating: 0, count: plans.columns)
    reset()
  }

  public var horizon: Int { settings.horizon }

  public mutating func reset() {
    forEachChoice { probabilities, place, count in
      for choice in 0..<count { probabilities[place + choice] = 1 / Float(count) }
    }
  }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream,
    action: inout [Float]
  ) {
    precondition(
      evaluator.horizon == settings.horizon && evaluator.actionSize == choices.count,
      "evaluator of another shape")
    var highest = -Float.infinity
    for _ in 0..<settings.iterations {
      draw(using: &random)
      evaluator.evaluate(plans, returns: &returns)
      refit()
      keepBest(&highest)
    }
    if highest == -.infinity { takeMostProbable() }
    for i in action.indices { action[i] = best[i] }
    shift(by: action.count / choices.count)
  }

  private mutating func draw(using random: inout RandomStream) {
    let (target, width) = (plans.mutablePointer, plans.columns)
    random.fillUniform(target, count: plans.count)
    for i in 0..<width {
      let (place, count) = (
        i / choices.count * size + places[i % choices.count], choices[i % choices.count]
      )
      for row in 0..<plans.rows {
        var (rest, choice) = (target[row * width + i], 0)
        while choice < count - 1 && rest >= probabilities[place + choice] {
          rest -= probabilities[place + choice]
          choice += 1
        }
        target[row * width + i] = Float(choice)
      }
    }
  }

  /// Remembers the best plan so far, and its return.
  private mutating func keepBest(_ highest: inout Float) {
    for row in returns.indices where returns[row].isFinite && returns[row] > highest {
      highest = returns[row]
      let plan = plans.pointer + row * plans.columns
      for i in best.indices { best[i] = plan[i] }
    }
  }

  /// Sets `best` to the most probable choices.
  private mutating func takeMostProbable() {
    for i in best.indices {
      let (place, count) = (i / choices.count * size + places[i % choices.count], choices[i % choices.count])
      var choice = 0
      for other in 1..<max(count, 1) where probabilities[place + other] > probabilities[place + choice] {
        choice = other
      }
      best[i] = Float(choice)
    }
  }

  /// Moves the probabilities toward the elites' frequencies.
  private mutating func refit() {
    TopSelection.select(settings.elites, of: returns, order: &order)
    var kept = 0
    for index in 0..<settings.elites where returns[Int(order[index])].isFinite {
      order[kept] = order[index]
      kept += 1
    }
    guard kept > 0 else { return }
    let (source, width, momentum) = (plans.pointer, plans.columns, settings.momentum)
    let share = (1 - settings.floor) / Float(kept)
    for i in 0..<width {
      let (place, count) = (
        i / choices.count * size + places[i % choices.count], choices[i % choices.count]
      )
      for choice in 0..<count {
        var frequency = settings.floor / Float(count)
        for index in 0..<kept where source[Int(order[index]) * width + i] == Float(choice) {
          frequency += share
        }
        probabilities[place + choice] =
          momentum * probabilities[place + choice] + (1 - momentum) * frequency
      }
    }
  }

  /// Moves the distributions up by `taken` decisions and halfway back to uniform ones; the last are uniform.
  private mutating func shift(by taken: Int) {
    let (step, total) = (taken * size, probabilities.count)
    forEachChoice { probabilities, place, count in
      for choice in 0..<count {
        let next = place + step + choice
        let uniform = 1 / Float(count)
        probabilities[place + choice] =
          next < total ? 0.5 * (probabilities[next] + uniform) : uniform
      }
    }
  }

  /// Calls `body` for each choice of each decision, in order, with all probabilities, the place of its first one, and their
  /// number.
  private mutating func forEachChoice(_ body: (inout [Float], Int, Int) -> Void) {
    for t in 0..<settings.horizon {
      for c in choices.indices { body(&probabilities, t * size + places[c], choices[c]) }
    }
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("probabilities", &probabilities)
  }
}
