import ArgumentParser
import Catalog
import Configuration
import Environments
import Interfaces
import Laboratory
import Learners

/// `foresight gradient-variance`.
struct GradientVarianceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient-variance",
    abstract: "Measure the variance of policy gradients through a model against the horizon.",
    discussion: """
      Improves a small policy in the task's true dynamics with Gaussian noise on the state, then takes the gradient of its \
      return again and again by each estimator: reparametrization, likelihood_ratio and total_propagation (Parmas et al. \
      2018). Writes one row for each horizon and estimator. Plots/gradient_variance.py draws the file.

      Example:
        foresight gradient-variance cartpole-swingup --out variance.csv
      """)

  @Argument(help: "A native task with exact derivatives, such as cartpole-swingup.")
  var environment: String
  @Option(help: ArgumentHelp("The table to write; an existing one is replaced.", valueName: "file"))
  var out: String
  @Option(help: "Horizons, in steps.")
  var horizons = "1,2,3,5,8,12,18,25,40,60,80,100"
  @Option(parsing: .unconditional, help: "Start states.", transform: wholeNumber)
  var starts = 2
  @Option(parsing: .unconditional, help: "Trajectories from each start state.", transform: wholeNumber)
  var particles = 64
  @Option(parsing: .unconditional, help: "Gradients that each variance is taken over.", transform: wholeNumber)
  var repeats = 40
  @Option(help: "Standard deviation of the noise on each component of the state after a step.")
  var noise: Float = 0.1
  @Option(
    parsing: .unconditional, help: "Updates of the policy before its gradients are measured.", transform: wholeNumber)
  var updates = 60
  @Option(parsing: .unconditional, help: "Seed.", transform: wholeNumber)
  var seed = 0
  @OptionGroup var threads: ThreadOptions

  private func parsedHorizons() -> [Int]? {
    let parts = horizons.split(separator: ",").map { Int($0) }
    let values = parts.compactMap { $0 }
    return values.count == parts.count && !values.isEmpty && values.allSatisfy { (1...1000).contains($0) }
      ? values : nil
  }

  mutating func validate() throws {
    if parsedHorizons() == nil {
      throw ValidationError("horizons = \(horizons): must be whole numbers in 1...1000, separated by commas")
    }
    if !(1...10_000).contains(starts) { throw ValidationError("starts = \(starts): must be in 1...10000") }
    if !(2...128).contains(particles) { throw ValidationError("particles = \(particles): must be in 2...128") }
    if !(2...100_000).contains(repeats) { throw ValidationError("repeats = \(repeats): must be in 2...100000") }
    if !(noise > 0 && noise <= 10) { throw ValidationError("noise = \(noise): must be above 0, at most 10") }
    if !(0...1_000_000).contains(updates) { throw ValidationError("updates = \(updates): must be in 0...1000000") }
    if seed < 0 { throw ValidationError("seed = \(seed): must be at least 0") }
  }

  func run() throws {
    try reportingErrors {
      _ = threads.configure()
      let made = try Catalog.registry.environment(environment).make()
      guard let task = made.environment as? any DifferentiableTask,
        let objective = made.objective as? any DifferentiableObjective
      else {
        throw ConfigurationError(
          kind: .relation,
          problem: "gradient-variance needs a task and rewards with exact derivatives, such as cartpole-swingup; "
            + "\(environment) is none")
      }
      try measure(task, objective)
    }
  }

  private func measure<Task: DifferentiableTask>(_ task: Task, _ objective: any DifferentiableObjective) throws {
    let study = GradientVariance(
      task: task, objective: objective,
      plan: .init(
        horizons: parsedHorizons() ?? [], starts: starts, particles: particles, repeats: repeats, noise: noise,
        updates: updates, seed: UInt64(seed)))
    let table = try CSVWriter(
      creating: out,
      columns: [
        "environment", "estimator", "horizon", "noise", "trajectories", "repeats", "gradient_norm", "variance",
        "nonfinite",
      ])
    let meanReturn = try study.measure { result in
      try table.append([
        .text(environment), .text(result.estimator.rawValue), .integer(result.horizon), .text("\(noise)"),
        .integer(starts * particles), .integer(repeats), .number(result.norm),
        result.variance.isFinite ? .number(result.variance) : .empty, .integer(result.nonFinite),
      ])
      print(
        "horizon \(result.horizon), \(result.estimator.rawValue): variance "
          + "\(Float(result.variance)), mean gradient \(Float(result.norm))")
    }
    print("return of the policy over the longest horizon: \(ProgressText.fixed(Double(meanReturn), digits: 2))")
    print(out)
  }
}
