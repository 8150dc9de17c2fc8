import Kernels
import Networks

/// The penalty of conservative Q-learning (Kumar et al. 2020, equation 4 with the regularizer of CQL(H), estimated as in their
/// appendix F): for each critic, `weight` times the mean over rows of
///
///     log (1/(3n) sum_k exp(Q(s, a_k) - log d_k(a_k))) + log 3n - Q(s, a),
///
/// with n actions uniform in the unit box, n of the policy at s and n of the policy at s', d_k their densities, which are held
/// fixed. It lowers the values of actions that the dataset lacks.
struct ConservativePenalty {
  /// Weight, and actions of each of the three kinds.
  struct Settings {
    let weight: Float
    let samples: Int
  }

  let settings: Settings
  /// Rows of the whole batch, N.
  let batchRows: Int
  /// Uniform unit actions, then noise for the policy's actions at s and at s', [3, n, N, A].
  let draws: UnsafePointer<Float>

  /// Scratch of one thread for one block.
  final class Workspace {
    /// Q - log density, then its share of the sum, [3 n, rows].
    var values: Vector
    /// Unit actions, [3 n, rows, A].
    var actions: Vector
    /// Logarithms of their densities, [3 n, rows].
    var logDensities: Vector
    var slopes: Vector

    init(_ settings: Settings, actionSize: Int) {
      let rows = 3 * settings.samples * RowBlocks.size
      values = Vector(count: rows)
      actions = Vector(count: rows * actionSize)
      logDensities = Vector(count: rows)
      slopes = Vector(count: RowBlocks.size)
    }
  }

  /// One block's rows, by pointers that are valid during its pass.
  struct Block<Head: ActorHead> {
    let head: Head
    let actorNetwork: Perceptron
    let actor: UnsafePointer<Float>
    let critics: CriticNetworks
    let parameters: UnsafePointer<Float>
    /// First row in the batch.
    let first: Int
    let rows: Int
    let observations: UnsafePointer<Float>
    let next: UnsafePointer<Float>
  }

  /// What is added to the slope of each row's Q(s, a), where the loss's gradient is `share` of the rows' sum.
  func dataSlope(share: Float) -> Float { -settings.weight * share }

  /// Sum over rows and critics of `weight` times the logarithms; adds `share` times its gradient to `gradients` [members,
  /// parameters].
  func add<Head: ActorHead>(
    _ block: Block<Head>, share: Float, to gradients: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) -> Float {
    guard let criticWorkspace = workspace.critics else { preconditionFailure("scratch without critics") }
    let (critics, rows, size) = (block.critics, block.rows, block.critics.actionSize)
    let own = workspace.reservePenalty(settings)
    let (actions, logs) = (own.actions.mutablePointer, own.logDensities.mutablePointer)
    let (values, slopes) = (own.values.mutablePointer, own.slopes.mutablePointer)
    let samples = settings.samples
    let stride = batchRows * size
    for kind in 0..<3 {
      let output =
        kind == 0
        ? nil
        : block.actorNetwork.forward(
          block.actor, kind == 1 ? block.observations : block.next, rows: rows, workspace.actor)
      for k in 0..<samples {
        let place = kind * samples + k
        let draw = draws + place * stride + block.first * size
        let (target, log) = (actions + place * rows * size, logs + place * rows)
        if let output {
          block.head.sample(output, noise: draw, rows: rows, size: size, actions: target, logProbabilities: log)
        } else {
          target.update(from: draw, count: rows * size)
          // the density of the box of side 2
          log.update(repeating: -Float(size) * 0.693_147_18, count: rows)
        }
      }
    }
    var loss: Float = 0
    for member in 0..<critics.members {
      let (offset, pass) = (member * critics.network.layout.count, criticWorkspace.passes[member])
      func forward(_ place: Int) -> (x: UnsafeMutablePointer<Float>, q: UnsafeMutablePointer<Float>) {
        let x = critics.pair(
          block.observations, unitActions: actions + place * rows * size, rows: rows, criticWorkspace)
        return (x, critics.network.forward(block.parameters + offset, x, rows: rows, pass))
      }
      for place in 0..<3 * samples {
        let q = forward(place).q
        for r in 0..<rows { values[place * rows + r] = q[r] - logs[place * rows + r] }
      }
      for r in 0..<rows {
        var highest = values[r]
        for place in 1..<3 * samples { highest = max(highest, values[place * rows + r]) }
        var sum: Float = 0
        for place in 0..<3 * samples {
          values[place * rows + r] = Scalar.exp(values[place * rows + r] - highest)
          sum += values[place * rows + r]
        }
        for place in 0..<3 * samples { values[place * rows + r] /= sum }
        loss += settings.weight * (highest + Scalar.log(sum))
      }
      for place in 0..<3 * samples {
        for r in 0..<rows { slopes[r] = settings.weight * share * values[place * rows + r] }
        let x = forward(place).x
        critics.network.backward(
          block.parameters + offset, x, rows: rows, outputGradient: slopes, pass, parameterGradient: gradients + offset,
          accumulate: true)
      }
    }
    return loss
  }
}
