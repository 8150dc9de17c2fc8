import Kernels
import Networks

/// The pass of the policy's loss through one block, at the latent states that `fitWorld` left.
extension TDMPC2Block {
  /// Draws actions at all latent states and leaves their values, the mean of two Q-functions, in `values`.
  func valueActions(_ job: TDMPC2Job, _ range: Range<Int>, of all: Int, steps: Int) {
    let (networks, rows, count) = (job.networks, range.count, range.count * (steps + 1))
    let (latent, size, pair) = (networks.latent, networks.actionSize, networks.dynamics.inputs)
    for t in 0...steps {
      (noise.mutablePointer + t * rows * size).update(
        from: job.policyNoise + (t * all + range.lowerBound) * size, count: rows * size)
    }
    let outputs = networks.policy.forward(job.policy, job.packed.policy, latents.pointer, rows: count, policy)
    TDMPC2Block.copy(latents.pointer, latent, to: pairs.mutablePointer, pair, width: latent, rows: count)
    networks.act(outputs, noise: noise.pointer, rows: count, actions: pairs.mutablePointer + latent, stride: pair)
    func value(_ critic: Int, into target: UnsafeMutablePointer<Float>) {
      let logits = networks.value.forward(
        job.world + networks.start(of: critic), job.packed.values[critic], pairs.pointer, rows: count, critics[critic],
        dropout: job.dropout(of: critic, block: range.lowerBound, inPolicy: true))
      networks.bins.values(logits, rows: count, into: target)
    }
    value(job.policyPair.0, into: values.mutablePointer)
    value(job.policyPair.1, into: other.mutablePointer)
    let target = values.mutablePointer
    for r in 0..<count { target[r] = 0.5 * (target[r] + other[r]) }
  }

  /// The gradient of the policy's loss, written to `gradient`; the block's share of the objective is left in
  /// `objective`, the sum of the entropies in `entropy`.
  func improvePolicy(
    _ job: TDMPC2Job, _ range: Range<Int>, of all: Int, steps: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let (networks, rows, count) = (job.networks, range.count, range.count * (steps + 1))
    let (size, weight) = (networks.actionSize, job.settings.entropyWeight * Float(networks.actionSize))
    gradient.update(repeating: 0, count: networks.policy.layout.count)
    // of a row's objective in the loss
    let share = 1 / Float((steps + 1) * all)
    (objective, entropy) = (0, 0)
    let outputs = policy.output
    var factor = share
    for t in 0...steps {
      for b in 0..<rows {
        let row = t * rows + b
        var surprise = 0.0
        for c in 0..<size {
          let draw = noise[row * size + c]
          surprise += Double(
            0.5 * draw * draw + networks.logDeviation(outputs[row * 2 * size + size + c]) + 0.918_938_5)
        }
        entropy += surprise
        objective += Double(factor) * (Double(values[row] / job.valueScale) + Double(weight) * surprise)
        other.mutablePointer[row] = -0.5 * factor / job.valueScale
      }
      factor *= job.settings.rho
    }
    func pullBack(_ critic: Int, into target: UnsafeMutablePointer<Float>) {
      let logits = critics[critic].output
      networks.bins.backward(logits, scales: other.pointer, rows: count)
      networks.value.backward(
        job.world + networks.start(of: critic), job.packed.values[critic], pairs.pointer, rows: count,
        outputGradient: logits, critics[critic], parameterGradient: nil, inputGradient: target, from: networks.latent)
    }
    pullBack(job.policyPair.0, into: actionGradients.mutablePointer)
    pullBack(job.policyPair.1, into: actionPart.mutablePointer)
    Elementwise.add(actionGradients.mutablePointer, actionPart.pointer, count: count * size)
    factor = share
    for t in 0...steps {
      let first = t * rows
      networks.policyBackward(
        outputs + first * 2 * size, noise: noise.pointer + first * size,
        actionGradient: actionGradients.pointer + first * size, entropyGradient: -factor * weight, rows: rows)
      factor *= job.settings.rho
    }
    networks.policy.backward(
      job.policy, job.packed.policy, latents.pointer, rows: count, outputGradient: outputs, policy,
      parameterGradient: gradient)
  }
}
