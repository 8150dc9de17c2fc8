import Experience
import Foundation
import Interfaces
import Kernels

/// How well a model predicts episodes that it was not fitted to.
///
/// One step ahead the model is the mixture of its members; over more steps, particles roll out under the episodes' own
/// actions. Errors are measured in units of the data's standard deviations, so that components can be averaged; components
/// that do not vary have no such unit and are left out.
public struct ModelDiagnostics: Sendable {
  /// One component of the state, one step ahead.
  public struct Likelihood: Sendable {
    /// Which component.
    public let component: Int
    /// Root mean square error of the mixture's mean, in the state's units.
    public let error: Double
    /// Standard deviation of the change of state: the error of a model that knows its mean alone.
    public let scale: Double
    /// Mean negative log-likelihood under the mixture, in nats; nil where the model has no density or it is not finite.
    public let negativeLogLikelihood: Double?
    /// The same under one Gaussian with mean and deviation of the changes themselves.
    public let baseline: Double
  }

  /// Learned rewards or terminations, one step ahead.
  public struct OutcomeError: Sendable {
    /// What is predicted: `reward` or `termination`.
    public let name: String
    /// Root mean square error of the mixture's mean; of terminations, that of their probability.
    public let error: Double
    /// Standard deviation of the true values: the error of a model that knows their mean alone.
    public let scale: Double
  }

  /// A point of a reliability curve.
  public struct Reliability: Sendable {
    /// Which component; nil for all together.
    public let component: Int?
    /// Probability that the model gives to values below a quantile of its own.
    public let level: Double
    /// Share of the true values that are below it; equal to `level` for a calibrated model.
    public let frequency: Double
  }

  /// Errors a number of steps ahead.
  public struct HorizonError: Sendable {
    /// Steps ahead, from 1.
    public let step: Int
    /// Root mean square error of the particles' mean, averaged over components.
    public let error: Double
    /// Root mean square deviation of the particles from their mean: what a perfect model's error would be.
    public let spread: Double
    /// The error of predicting that nothing changes.
    public let persistence: Double
    /// Real steps it was measured at.
    public let count: Int
  }

  /// Steps at which members disagree to a similar degree.
  public struct Disagreement: Sendable {
    /// Mean deviation of the members' means from one another, in units of the changes' deviations.
    public let disagreement: Double
    /// Root mean square error of the mixture's mean at these steps, in the same units.
    public let error: Double
    /// Number of steps.
    public let count: Int
  }

  /// Components of the state that are the same in all steps of the episodes: left out everywhere.
  public let constants: [Int]
  /// Components that vary but change by the same in all steps: left out one step ahead.
  public let steady: [Int]
  /// Rewards and terminations, as far as the model predicts them.
  public let outcomes: [OutcomeError]
  /// One entry a component that is not left out.
  public let likelihoods: [Likelihood]
  /// Mean negative log-likelihood of whole states, in nats; nil where the model has no density or it is not finite.
  public let jointNegativeLogLikelihood: Double?
  /// Curves of all components together, then one by one.
  public let reliability: [Reliability]
  /// Mean distance of the joint curve from the diagonal.
  public let calibrationError: Double
  /// One entry a step ahead.
  public let horizon: [HorizonError]
  /// Tenths of the steps, from the least disagreement to the greatest; empty for a single member.
  public let disagreement: [Disagreement]

  /// Levels of the reliability curves.
  public static let levels = (1..<20).map { Double($0) / 20 }

  /// Examines `model` on `episodes`, which have at least two steps in all.
  ///
  /// - Parameters:
  ///   - horizon: most steps ahead.
  ///   - particles: imagined trajectories from each real state.
  ///   - random: source of all imagined randomness.
  ///   - saying: told what begins.
  public init(
    of model: some PredictiveModel, on episodes: [Trajectories.Episode], horizon: Int,
    particles: Int,
    using random: RandomStream, saying: (String) -> Void = { _ in }
  ) {
    let steps = DiagnosticSteps(episodes, stateSize: model.stateSize, actionSize: model.actionSize)
    precondition(steps.count > 1 && horizon > 0 && particles > 0, "nothing to diagnose")
    saying("predicting \(steps.count) steps")
    let constants = steps.constants
    self.constants = constants
    let predictions = MixturePredictions(model, steps, without: constants)
    steady = (0..<model.stateSize).filter { !predictions.components.contains($0) && !constants.contains($0) }
    outcomes = predictions.outcomes(of: model)
    likelihoods = predictions.components.map { predictions.likelihood(of: $0) }
    jointNegativeLogLikelihood = predictions.jointNegativeLogLikelihood()
    let ranks = predictions.components.map { (component: $0, values: predictions.ranks(of: $0)) }
    func curve(_ component: Int?, _ ranks: [Double]) -> [Reliability] {
      Self.levels.map { level in
        Reliability(
          component: component, level: level,
          frequency: Double(ranks.count { $0 <= level }) / Double(max(ranks.count, 1)))
      }
    }
    let joint = curve(nil, ranks.flatMap { $0.values })
    reliability = joint + ranks.flatMap { curve($0.component, $0.values) }
    calibrationError = joint.reduce(0) { $0 + abs($1.frequency - $1.level) } / Double(joint.count)
    saying("imagining \(horizon) steps ahead")
    self.horizon = HorizonRollouts(
      model, episodes, horizon: horizon, particles: particles, without: constants, using: random
    ).errors()
    saying("comparing the members")
    disagreement = model.memberCount > 1 ? predictions.disagreement(bins: 10) : []
  }
}

/// The steps of some episodes side by side.
struct DiagnosticSteps {
  let states: Matrix
  let actions: Matrix
  let next: Matrix
  let rewards: [Float]
  /// Whether each step terminated its episode.
  let terminated: [Bool]
  var count: Int { states.rows }

  /// Whether values with that mean and standard deviation are the same but for rounding.
  static func isConstant(mean: Double, deviation: Double) -> Bool { deviation <= 1e-6 * max(1, abs(mean)) }

  /// Components that are the same in all states.
  var constants: [Int] {
    var moments = RunningMoments(size: states.columns)
    moments.add(states)
    moments.add(next)
    let deviations = moments.standardDeviation
    return (0..<states.columns).filter { Self.isConstant(mean: moments.mean[$0], deviation: deviations[$0]) }
  }

  init(_ episodes: [Trajectories.Episode], stateSize: Int, actionSize: Int) {
    var (x, u, y): ([Float], [Float], [Float]) = ([], [], [])
    rewards = episodes.flatMap(\.rewards)
    terminated = episodes.flatMap { episode in
      (0..<episode.length).map { $0 == episode.length - 1 && episode.ending == .terminated }
    }
    for episode in episodes {
      for t in 0..<episode.length {
        x += Array(episode.observations.row(t))
        u += Array(episode.actions.row(t))
        y += Array(episode.observations.row(t + 1))
      }
    }
    let count = x.count / stateSize
    states = Matrix(rows: count, columns: stateSize, x)
    actions = Matrix(rows: count, columns: actionSize, u)
    next = Matrix(rows: count, columns: stateSize, y)
  }
}
