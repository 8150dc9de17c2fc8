import Kernels

/// What an update draws: which two Q-functions it asks, the noise of the policy's actions, and what dropout leaves out.
package struct TDMPC2Draws {
  /// Two different Q-functions whose targets' minimum is taken, and two whose mean the policy climbs.
  package var (targetPair, policyPair): ((Int, Int), (Int, Int))
  /// Noise of the actions at the next latent states, [H * N, A], row t * N + b.
  package var targetNoise: Vector
  /// Noise of the actions at all latent states, [(H + 1) * N, A].
  package var policyNoise: Vector
  /// What dropout is drawn from; nil leaves nothing out.
  package var dropout: RandomStream?

  /// Zeros for N = `count`, H = `steps`, and the first two Q-functions.
  package init(count: Int, steps: Int, actionSize: Int) {
    (targetPair, policyPair) = ((0, 1), (0, 1))
    targetNoise = Vector(count: steps * count * actionSize)
    policyNoise = Vector(count: (steps + 1) * count * actionSize)
  }

  /// Draws all for update number `update`. Allocates nothing.
  mutating func draw(critics: Int, update: Int, using random: inout RandomStream) {
    targetPair = TDMPC2Draws.pair(of: critics, using: &random)
    policyPair = TDMPC2Draws.pair(of: critics, using: &random)
    random.fillNormal(&targetNoise)
    random.fillNormal(&policyNoise)
    dropout = random.child("dropout").child(update)
  }

  /// Two different numbers below `count`.
  package static func pair(of count: Int, using random: inout RandomStream) -> (Int, Int) {
    let first = random.index(below: count)
    let second = random.index(below: count - 1)
    return (first, second < first ? second : second + 1)
  }
}
