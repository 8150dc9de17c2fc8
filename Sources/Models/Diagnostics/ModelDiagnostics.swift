import Experience
import Foundation
import Interfaces
import Kernels

/// How well a model predicts episodes that it was not fitted to.
///
/// One step ahead the model is the mixture of its members; over more steps, particles roll out under the episodes' own
/// actions. Errors are measured in units of the data's standard deviations, so that components can be averaged.
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

  /// One entry a component.
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
  public init(
    of model: some PredictiveModel, on episodes: [Trajectories.Episode], horizon: Int,
    particles: Int,
    using random: RandomStream
  ) {
    let steps = DiagnosticSteps(episodes, stateSize: model.stateSize, actionSize: model.actionSize)
    precondition(steps.count > 1 && horizon > 0 && particles > 0, "nothing to diagnose")
    let predictions = MixturePredictions(model, steps)
    likelihoods = (0..<model.stateSize).map { predictions.likelihood(of: $0) }
    jointNegativeLogLikelihood = predictions.jointNegativeLogLikelihood()
    let ranks = (0..<model.stateSize).map { predictions.ranks(of: $0) }
    func curve(_ component: Int?, _ ranks: [Double]) -> [Reliability] {
      Self.levels.map { level in
        Reliability(
          component: component, level: level,
          frequency: Double(ranks.count { $0 <= level }) / Double(max(ranks.count, 1)))
      }
    }
    let joint = curve(nil, ranks.flatMap { $0 })
    reliability = joint + ranks.enumerated().flatMap { curve($0, $1) }
    calibrationError = joint.reduce(0) { $0 + abs($1.frequency - $1.level) } / Double(joint.count)
    self.horizon = HorizonRollouts(
      model, episodes, horizon: horizon, particles: particles, using: random
    ).errors()
    disagreement = model.memberCount > 1 ? predictions.disagreement(bins: 10) : []
  }
}

/// The steps of some episodes side by side.
struct DiagnosticSteps {
  let states: Matrix
  let actions: Matrix
  let next: Matrix
  var count: Int { states.rows }

  init(_ episodes: [Trajectories.Episode], stateSize: Int, actionSize: Int) {
    var (x, u, y): ([Float], [Float], [Float]) = ([], [], [])
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
