import Kernels

/// A perceptron of rectified linear units whose inputs and hidden layers are batch-renormalized: each layer's input passes
/// `BatchRenormalization` (CrossQ, Bhatt et al. 2024). The architecture alone; parameters and running averages live in flat
/// vectors.
///
/// Passes here are those of training, with a batch's own statistics. With the running averages the normalizations are affine
/// and go into the weights: `fold` gives the parameters of a plain `Perceptron`.
package struct RenormalizedPerceptron: Sendable {
  /// One linear layer and the normalization of its input.
  struct Layer: Sendable {
    let inputs: Int
    let outputs: Int
    let gain: Int
    let shift: Int
    let weight: Int
    let bias: Int
    /// Offset of the running mean [inputs] among the statistics, the variance follows.
    let mean: Int
  }

  /// The network that it is with fixed statistics.
  package let folded: Perceptron
  /// Names and places of the parameters: `layers.<i>.gain` [in], `.shift` [in], `.weight` [in, out], `.bias` [out].
  package let layout: ParameterLayout
  /// Floats of running means and variances.
  package let statisticsCount: Int
  let layers: [Layer]

  /// An architecture; every width at least 1.
  package init(inputs: Int, hidden: [Int], outputs: Int) {
    folded = Perceptron(inputs: inputs, hidden: hidden, outputs: outputs, activation: .relu)
    var layout = ParameterLayout()
    var statistics = 0
    layers = folded.layers.enumerated().map { index, layer in
      let name = "layers.\(index)"
      defer { statistics += 2 * layer.inputs }
      return Layer(
        inputs: layer.inputs, outputs: layer.outputs, gain: layout.append(name + ".gain", shape: [layer.inputs]),
        shift: layout.append(name + ".shift", shape: [layer.inputs]),
        weight: layout.append(name + ".weight", shape: [layer.inputs, layer.outputs]),
        bias: layout.append(name + ".bias", shape: [layer.outputs]), mean: statistics)
    }
    self.layout = layout
    statisticsCount = statistics
  }

  /// Fresh parameters, the weights orthogonal with gain sqrt 2, the output layer's with gain `last`.
  package func initialParameters(last: Float, using random: inout RandomStream) -> Vector {
    let plain = folded.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: last), using: &random)
    var parameters = Vector(count: layout.count)
    let base = parameters.mutablePointer
    for (layer, drawn) in zip(layers, folded.layers) {
      (base + layer.gain).update(repeating: 1, count: layer.inputs)
      (base + layer.weight).update(from: plain.pointer + drawn.weight, count: layer.inputs * layer.outputs)
    }
    return parameters
  }

  /// Running averages at the start: means of 0, variances of 1.
  package var initialStatistics: Vector {
    var statistics = Vector(count: statisticsCount)
    for layer in layers {
      (statistics.mutablePointer + layer.mean + layer.inputs).update(repeating: 1, count: layer.inputs)
    }
    return statistics
  }

  /// Writes the parameters of `folded` for running averages `statistics`. O(parameters).
  package func fold(
    _ parameters: UnsafePointer<Float>, _ statistics: UnsafePointer<Float>, into plain: UnsafeMutablePointer<Float>
  ) {
    for (layer, target) in zip(layers, folded.layers) {
      let (weights, bias) = (plain + target.weight, plain + target.bias)
      bias.update(from: parameters + layer.bias, count: layer.outputs)
      for i in 0..<layer.inputs {
        // y = scale * x + offset
        let variance = statistics[layer.mean + layer.inputs + i]
        let scale = parameters[layer.gain + i] / (variance + BatchRenormalization.epsilon).squareRoot()
        let offset = parameters[layer.shift + i] - scale * statistics[layer.mean + i]
        let (from, to) = (parameters + layer.weight + i * layer.outputs, weights + i * layer.outputs)
        for o in 0..<layer.outputs {
          to[o] = scale * from[o]
          bias[o] += offset * from[o]
        }
      }
    }
  }

  /// Scratch of one thread for passes of at most `capacity` rows.
  package final class Workspace {
    let capacity: Int
    private var block: Vector
    /// Normalized input of each layer, before and behind gain and shift [capacity, inputs], and its constants.
    let kept: [BatchRenormalization.Kept]
    let inputs: [UnsafeMutablePointer<Float>]
    /// Output of each layer [capacity, outputs].
    let outputs: [UnsafeMutablePointer<Float>]
    let deltas: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)

    package init(for network: RenormalizedPerceptron, capacity: Int) {
      self.capacity = capacity
      func padded(_ count: Int) -> Int { (count + 15) & ~15 }
      let widest = network.layers.map { max($0.inputs, $0.outputs) }.max() ?? 1
      var total = 2 * padded(capacity * widest)
      for layer in network.layers {
        total += 2 * padded(capacity * layer.inputs) + 3 * padded(layer.inputs) + padded(capacity * layer.outputs)
      }
      var block = Vector(count: total)
      var next = block.mutablePointer
      func take(_ count: Int) -> UnsafeMutablePointer<Float> {
        defer { next += padded(count) }
        return next
      }
      kept = network.layers.map { layer in
        BatchRenormalization.Kept(
          normalized: take(capacity * layer.inputs), inverse: take(layer.inputs), scale: take(layer.inputs),
          shift: take(layer.inputs))
      }
      inputs = network.layers.map { take(capacity * $0.inputs) }
      outputs = network.layers.map { take(capacity * $0.outputs) }
      deltas = (take(capacity * widest), take(capacity * widest))
      self.block = block
    }

    /// Output rows of the last forward pass.
    package var output: UnsafeMutablePointer<Float> { outputs[outputs.count - 1] }
  }

  /// Outputs [rows, outputs] for a batch `x` [rows, inputs], normalized by its own statistics, left in the workspace and
  /// returned; the running averages `statistics` move by the share 1 - `momentum`. O(rows * parameters).
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ statistics: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>,
    rows: Int, momentum: Float, renormalizes: Bool, _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows > 0 && rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    var input = x
    for (index, layer) in layers.enumerated() {
      let normalized = workspace.inputs[index]
      BatchRenormalization.forward(
        input, gain: parameters + layer.gain, shift: parameters + layer.shift, rows: rows, columns: layer.inputs,
        mean: statistics + layer.mean, variance: statistics + layer.mean + layer.inputs, momentum: momentum,
        renormalizes: renormalizes, workspace.kept[index], into: normalized)
      let z = workspace.outputs[index]
      let function = index == layers.count - 1 ? LayerProduct.Function.identity : .relu
      if layer.outputs == 1 {
        gemv(.none, rows: rows, columns: layer.inputs, normalized, parameters + layer.weight, z)
        LayerProduct.addBias(z, parameters + layer.bias, rows: rows, columns: 1, function)
      } else {
        LayerProduct.forward(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, normalized,
          .init(parameters + layer.weight), bias: parameters + layer.bias, function, into: z)
      }
      input = UnsafePointer(z)
    }
    return workspace.output
  }

  /// Vector-Jacobian product at the last forward pass through `workspace` with the same `parameters`: overwrites
  /// `parameterGradient`, laid out as they are, for a loss's gradient by the outputs [rows, outputs]. Through the batch's
  /// statistics, too, so every row's gradient depends on all rows.
  package func backward(
    _ parameters: UnsafePointer<Float>, rows: Int, outputGradient: UnsafePointer<Float>, _ workspace: Workspace,
    parameterGradient: UnsafeMutablePointer<Float>
  ) {
    var gradient = outputGradient
    for index in layers.indices.reversed() {
      let (layer, input) = (layers[index], workspace.inputs[index])
      if layer.outputs == 1 {
        gemv(
          .transposed, rows: rows, columns: layer.inputs, input, gradient, beta: 0, parameterGradient + layer.weight)
      } else {
        gemm(
          .transposed, .none, m: layer.inputs, n: layer.outputs, k: rows, input, lda: layer.inputs, gradient,
          ldb: layer.outputs, parameterGradient + layer.weight, ldc: layer.outputs)
      }
      Reductions.columnSums(
        gradient, rows: rows, columns: layer.outputs, into: parameterGradient + layer.bias, accumulate: false)
      let below = index % 2 == 0 ? workspace.deltas.0 : workspace.deltas.1
      LayerProduct.inputGradient(
        rows: rows, inputs: layer.inputs, outputs: layer.outputs, gradient,
        .init(parameters + layer.weight), slope: .one, into: below)
      BatchRenormalization.backward(
        below, gain: parameters + layer.gain, rows: rows, columns: layer.inputs, workspace.kept[index],
        gainGradient: parameterGradient + layer.gain, shiftGradient: parameterGradient + layer.shift)
      if index > 0 {
        LayerProduct.multiply(below, by: .positive(workspace.outputs[index - 1]), count: rows * layer.inputs)
      }
      gradient = UnsafePointer(below)
    }
  }
}
