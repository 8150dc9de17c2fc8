import Kernels

/// Multi-layer perceptron with hidden layers Mish(norm(x W + b)), norm being layer normalization with gain and shift,
/// and an output layer that is linear, or softmax over groups of its normalized components: the networks of TD-MPC2
/// (Hansen, Su and Wang 2024). The architecture alone; parameters live in a flat vector laid out by `layout`.
package struct NormalizedPerceptron: Sendable, Equatable {
  /// Offsets of one layer's parameters, with its sizes.
  struct Layer: Sendable, Equatable {
    let inputs: Int
    let outputs: Int
    let weight: Int
    let bias: Int
    /// Whether its products are those of bfloat16 numbers.
    let isReduced: Bool
    /// Offsets of the normalization's gain and shift, [outputs] each, and what follows it; nil for a linear layer.
    let normalization: (gain: Int, shift: Int, function: NormalizedLayer.Function)?

    static func == (a: Layer, b: Layer) -> Bool {
      a.weight == b.weight && a.inputs == b.inputs && a.outputs == b.outputs && a.isReduced == b.isReduced
        && a.normalization?.function == b.normalization?.function
    }
  }

  /// Floats per input row.
  package let inputs: Int
  /// Floats per output row.
  package let outputs: Int
  /// Probability that a component of the first hidden layer is left out before its normalization, in passes that draw
  /// them.
  package let dropout: Float
  /// Names and places: `layers.<i>.weight` [in, out], `.bias`, `.gain`, `.shift` [out].
  package let layout: ParameterLayout
  let layers: [Layer]

  /// An architecture. With `simplex` the output layer is normalized too, and a softmax over groups of so many
  /// components.
  package init(
    inputs: Int, hidden: [Int], outputs: Int, simplex: Int? = nil, dropout: Float = 0,
    precision: ProductPrecision = .single
  ) {
    precondition(inputs > 0 && outputs > 0 && !hidden.isEmpty && hidden.allSatisfy { $0 > 0 }, "empty layer")
    precondition(simplex.map { $0 > 0 && outputs % $0 == 0 } ?? true, "\(outputs) outputs in other groups")
    precondition((0..<1).contains(dropout), "dropout of \(dropout)")
    (self.inputs, self.outputs, self.dropout) = (inputs, outputs, dropout)
    let widths = [inputs] + hidden + [outputs]
    var layout = ParameterLayout()
    layers = (0..<widths.count - 1).map { index in
      let name = "layers.\(index)"
      let width = widths[index + 1]
      let weight = layout.append(name + ".weight", shape: [widths[index], width])
      let bias = layout.append(name + ".bias", shape: [width])
      let function = index < hidden.count ? .mish : simplex.map { NormalizedLayer.Function.simplex($0) }
      let normalization = function.map {
        (
          gain: layout.append(name + ".gain", shape: [width]), shift: layout.append(name + ".shift", shape: [width]),
          function: $0
        )
      }
      return Layer(
        inputs: widths[index], outputs: width, weight: weight, bias: bias,
        isReduced: precision.isReduced(inputs: widths[index], outputs: width),
        normalization: normalization)
    }
    self.layout = layout
  }

  /// Width of the first hidden layer.
  package var firstWidth: Int { layers[0].outputs }

  /// Multiplications and additions of one forward pass of one row, matrix products only.
  package var flops: Int { layers.reduce(0) { $0 + 2 * $1.inputs * $1.outputs } }

  /// Draws parameters: weights from the normal distribution of deviation 0.02 truncated at 2 in absolute value, which
  /// never happens; biases and shifts 0, gains 1; the output layer's weights 0 if `startsAtZero`.
  package func draw(
    into parameters: UnsafeMutablePointer<Float>, startsAtZero: Bool = false, using random: inout RandomStream
  ) {
    parameters.update(repeating: 0, count: layout.count)
    for (index, layer) in layers.enumerated() {
      let count = layer.inputs * layer.outputs
      if !(startsAtZero && index == layers.count - 1) {
        random.fillNormal(parameters + layer.weight, count: count)
        Elementwise.scale(parameters + layer.weight, count: count, by: 0.02)
      }
      if let (gain, _, _) = layer.normalization { (parameters + gain).update(repeating: 1, count: layer.outputs) }
    }
  }
}

extension NormalizedPerceptron {
  /// Scratch of passes of at most `capacity` rows. One that keeps activations holds them from a forward pass to the
  /// backward pass that follows.
  package final class Workspace {
    /// Most rows of a pass.
    package let capacity: Int
    let keeps: Bool
    private let block: Vector
    /// Output of each layer, [capacity, outputs].
    let outputs: [UnsafeMutablePointer<Float>]
    /// Of each normalized layer.
    let kept: [NormalizedLayer.Kept?]
    /// Factors of the first hidden layer's components, 0 where they are left out.
    let factors: UnsafeMutablePointer<Float>
    var drops = false
    let deltas: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)

    /// Scratch for passes of `network`; with `keepsActivations` for backward passes, too.
    package init(for network: NormalizedPerceptron, capacity: Int, keepsActivations: Bool) {
      precondition(capacity > 0, "capacity \(capacity)")
      self.capacity = capacity
      keeps = keepsActivations
      func padded(_ count: Int) -> Int { (count + 15) & ~15 }
      let sizes = network.layers.map { padded(capacity * $0.outputs) }
      let widest = sizes.max() ?? 0
      let dropped = network.dropout > 0 ? sizes[0] : 0
      let last = sizes[sizes.count - 1]
      var total = 2 * widest + dropped + (keepsActivations ? 0 : last)
      if keepsActivations {
        total += sizes.reduce(0, +)
        for (layer, size) in zip(network.layers, sizes) where layer.normalization != nil {
          total += 2 * size + padded(capacity)
        }
      }
      var block = Vector(count: total)
      var next = block.mutablePointer
      func take(_ count: Int) -> UnsafeMutablePointer<Float> {
        defer { next += count }
        return next
      }
      let pair = (take(widest), take(widest))
      deltas = pair
      factors = take(dropped)
      let hidden = sizes.dropLast().enumerated().map { keepsActivations ? take($1) : $0 % 2 == 0 ? pair.0 : pair.1 }
      outputs = hidden + [take(last)]
      kept = zip(network.layers, sizes).map { layer, size in
        guard keepsActivations, layer.normalization != nil else { return nil }
        return NormalizedLayer.Kept(normalized: take(size), inverses: take(padded(capacity)), slopes: take(size))
      }
      self.block = block
    }

    /// Output rows of the last forward pass.
    package var output: UnsafeMutablePointer<Float> { outputs[outputs.count - 1] }
  }
}
