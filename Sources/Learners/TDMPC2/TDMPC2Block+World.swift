import Kernels
import Networks

/// The pass of the world's loss through one block, forward and back.
extension TDMPC2Block {
  /// Losses of the stretches `range` of a batch of `all`, left in `losses`, with their gradient written to `gradient`.
  func fitWorld(
    _ job: TDMPC2Job, _ range: Range<Int>, of all: Int, steps: Int, into gradient: UnsafeMutablePointer<Float>
  ) {
    guard let batch = job.batch else { return }
    let (networks, rows) = (job.networks, range.count)
    gradient.update(repeating: 0, count: networks.layout.count)
    let size = networks.encoder.inputs
    for t in 0...steps {
      (observations.mutablePointer + t * rows * size).update(
        from: batch.observations + (t * all + range.lowerBound) * size, count: rows * size)
    }
    makeTargets(job, batch, range, of: all, steps: steps)
    rollOut(job, batch, range, of: all, steps: steps)
    losses = TDMPC2Losses()
    fitHeads(job, range, of: all, steps: steps, gradient)
    fitTermination(job, batch, range, of: all, steps: steps, gradient)
    pullBack(job, rows, of: all, steps: steps, gradient)
  }

  /// Encoded next observations, and the targets of the values there.
  private func makeTargets(
    _ job: TDMPC2Job, _ batch: TDMPC2Job.BatchPointers, _ range: Range<Int>, of all: Int, steps: Int
  ) {
    let (networks, rows, count) = (job.networks, range.count, range.count * steps)
    let (latent, size, pair) = (networks.latent, networks.actionSize, networks.dynamics.inputs)
    let code = networks.encoder.forward(
      job.world, job.packed.encoder, observations.pointer + rows * networks.encoder.inputs, rows: count, encoding)
    encoded.mutablePointer.update(from: code, count: count * latent)
    for t in 0..<steps {
      (noise.mutablePointer + t * rows * size).update(
        from: job.targetNoise + (t * all + range.lowerBound) * size, count: rows * size)
    }
    let outputs = networks.policy.forward(job.policy, job.packed.policy, encoded.pointer, rows: count, acting)
    TDMPC2Block.copy(encoded.pointer, latent, to: pairs.mutablePointer, pair, width: latent, rows: count)
    networks.act(
      outputs, noise: noise.pointer, rows: count, actions: pairs.mutablePointer + latent, stride: pair)
    func value(_ critic: Int, into target: UnsafeMutablePointer<Float>) {
      let logits = networks.value.forward(
        job.targets + critic * networks.value.layout.count, job.packed.targets[critic], pairs.pointer, rows: count,
        valuing)
      networks.bins.values(logits, rows: count, into: target)
    }
    value(job.targetPair.0, into: values.mutablePointer)
    value(job.targetPair.1, into: other.mutablePointer)
    // q = r + discount * continues * min(Q, Q')
    let (r, y) = (rewards.mutablePointer, targets.mutablePointer)
    for t in 0..<steps {
      for b in 0..<rows {
        let (row, source) = (t * rows + b, t * all + range.lowerBound + b)
        r[row] = batch.rewards[source]
        y[row] = r[row] + job.discount * batch.continues[source] * min(values[row], other[row])
      }
    }
  }

  /// Rolls the latent world out along the actions taken.
  private func rollOut(
    _ job: TDMPC2Job, _ batch: TDMPC2Job.BatchPointers, _ range: Range<Int>, of all: Int, steps: Int
  ) {
    let (networks, rows) = (job.networks, range.count)
    let (latent, size, pair) = (networks.latent, networks.actionSize, networks.dynamics.inputs)
    let (z, x) = (latents.mutablePointer, pairs.mutablePointer)
    for t in 0..<steps {
      job.scaling.toUnit(
        batch.actions + (t * all + range.lowerBound) * size, rows: rows, into: x + t * rows * pair + latent,
        stride: pair)
    }
    z.update(
      from: networks.encoder.forward(job.world, job.packed.encoder, observations.pointer, rows: rows, encoder),
      count: rows * latent)
    for t in 0..<steps {
      TDMPC2Block.copy(z + t * rows * latent, latent, to: x + t * rows * pair, pair, width: latent, rows: rows)
      let next = networks.dynamics.forward(
        job.world + networks.dynamicsStart, job.packed.dynamics, x + t * rows * pair, rows: rows, dynamics[t])
      (z + (t + 1) * rows * latent).update(from: next, count: rows * latent)
    }
  }

  /// Losses of rewards and values at all steps, whose gradients by the pairs are left in `pairGradients`.
  private func fitHeads(
    _ job: TDMPC2Job, _ range: Range<Int>, of all: Int, steps: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let (networks, settings, rows) = (job.networks, job.settings, range.count)
    let (count, width) = (rows * steps, networks.bins.count)
    let share = 1 / Float(steps * all)
    func loss(_ logits: UnsafeMutablePointer<Float>, _ targets: UnsafePointer<Float>, weight: Float) -> Double {
      var (total, factor) = (0.0, share)
      for t in 0..<steps {
        let sum = networks.bins.crossEntropy(
          logits + t * rows * width, targets: targets + t * rows, rows: rows, scale: weight * factor)
        total += Double(factor) * sum
        factor *= settings.rho
      }
      return total
    }
    let logits = networks.reward.forward(
      job.world + networks.rewardStart, job.packed.reward, pairs.pointer, rows: count, reward)
    losses.reward = loss(logits, rewards.pointer, weight: settings.rewardWeight)
    networks.reward.backward(
      job.world + networks.rewardStart, job.packed.reward, pairs.pointer, rows: count, outputGradient: logits, reward,
      parameterGradient: gradient + networks.rewardStart, inputGradient: pairGradients.mutablePointer)
    for critic in 0..<networks.critics {
      let start = networks.start(of: critic)
      let logits = networks.value.forward(
        job.world + start, job.packed.values[critic], pairs.pointer, rows: count, critics[critic],
        dropout: job.dropout(of: critic, block: range.lowerBound, inPolicy: false))
      losses.value +=
        loss(logits, targets.pointer, weight: settings.valueWeight / Float(networks.critics))
        / Double(networks.critics)
      networks.value.backward(
        job.world + start, job.packed.values[critic], pairs.pointer, rows: count, outputGradient: logits,
        critics[critic], parameterGradient: gradient + start, inputGradient: added.mutablePointer)
      Elementwise.add(pairGradients.mutablePointer, added.pointer, count: count * networks.value.inputs)
    }
  }

  /// The loss of the terminations at z_1 ... z_H, whose gradient by these is left in `endGradients`.
  private func fitTermination(
    _ job: TDMPC2Job, _ batch: TDMPC2Job.BatchPointers, _ range: Range<Int>, of all: Int, steps: Int,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    let (start, rows, count) = (job.networks.terminationStart, range.count, range.count * steps)
    guard let network = job.networks.termination, let packed = job.packed.termination, let termination else { return }
    let states = latents.pointer + rows * job.networks.latent
    let logits = network.forward(job.world + start, packed, states, rows: count, termination)
    let share = 1 / Float(steps * all)
    var total = 0.0
    for t in 0..<steps {
      for b in 0..<rows {
        let (row, end) = (t * rows + b, 1 - batch.continues[t * all + range.lowerBound + b])
        // -end ln s - (1 - end) ln (1 - s), s being the sigmoid
        total += Double(Scalar.softplus(logits[row]) - end * logits[row])
        logits[row] = job.settings.terminationWeight * share * (Scalar.sigmoid(logits[row]) - end)
      }
    }
    losses.termination = total * Double(share)
    network.backward(
      job.world + start, packed, states, rows: count, outputGradient: logits, termination,
      parameterGradient: gradient + start, inputGradient: endGradients.mutablePointer)
  }

  /// The losses of the latent states, and everything's gradient back through the rollout into the encoder.
  private func pullBack(
    _ job: TDMPC2Job, _ rows: Int, of all: Int, steps: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let (networks, settings) = (job.networks, job.settings)
    let (latent, pair) = (networks.latent, networks.dynamics.inputs)
    let slope = latentGradient.mutablePointer
    for t in (0..<steps).reversed() {
      // by z_{t+1}: what later steps say, and 2 c rho^t / (H N L) (z - zbar)
      if t + 1 < steps {
        let later = pairGradients.pointer + (t + 1) * rows * pair
        TDMPC2Block.copy(later, pair, to: slope, latent, width: latent, rows: rows)
      } else {
        slope.update(repeating: 0, count: rows * latent)
      }
      if networks.termination != nil {
        Elementwise.add(slope, endGradients.pointer + t * rows * latent, count: rows * latent)
      }
      var weight = 1 / Float(steps * all * latent)
      for _ in 0..<t { weight *= settings.rho }
      let (z, target) = (latents.pointer + (t + 1) * rows * latent, encoded.pointer + t * rows * latent)
      let factor = 2 * settings.consistencyWeight * weight
      var squares = 0.0
      for r in 0..<rows {
        var sum: Float = 0
        for c in r * latent..<(r + 1) * latent {
          let error = z[c] - target[c]
          sum += error * error
          slope[c] += factor * error
        }
        squares += Double(sum)
      }
      losses.consistency += Double(weight) * squares
      let x = pairs.pointer + t * rows * pair
      networks.dynamics.backward(
        job.world + networks.dynamicsStart, job.packed.dynamics, x, rows: rows, outputGradient: slope, dynamics[t],
        parameterGradient: gradient + networks.dynamicsStart, inputGradient: added.mutablePointer)
      Elementwise.add(pairGradients.mutablePointer + t * rows * pair, added.pointer, count: rows * pair)
    }
    TDMPC2Block.copy(pairGradients.pointer, pair, to: slope, latent, width: latent, rows: rows)
    networks.encoder.backward(
      job.world, job.packed.encoder, observations.pointer, rows: rows, outputGradient: slope, encoder,
      parameterGradient: gradient)
  }
}
