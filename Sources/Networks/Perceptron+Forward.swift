import Kernels

extension Perceptron {
  /// Whether outputs of a row are the same to the bit however many rows pass together: they are but for single outputs
  /// and normalized layers, whose products are the library's.
  package var hasIndependentRows: Bool { layers.allSatisfy { $0.outputs > 1 && $0.gain == nil } }

  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. `packed`, if given,
  /// must be those of `parameters`. O(rows * parameters).
  ///
  /// They take the workspace's rows from `first` on: passes over different rows, perhaps with different parameters, can
  /// be kept in one workspace (without layer normalization).
  ///
  /// Components are left out only if a stream is given to draw them from.
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, _ workspace: PerceptronWorkspace,
    from first: Int = 0, packed: PackedWeights? = nil, dropout stream: RandomStream? = nil
  ) -> UnsafeMutablePointer<Float> {
    precondition(
      first >= 0 && first + rows <= workspace.capacity,
      "\(first) + \(rows) rows in a workspace of \(workspace.capacity)")
    precondition(first == 0 || !layerNormalization, "normalized layers keep their rows from the first on")
    workspace.drops = dropout > 0 && stream != nil
    var input = x
    for index in layers.indices {
      let layer = layers[index]
      let z = workspace.outputs[index] + first * layer.outputs
      let (weights, bias) = (parameters + layer.weight, parameters + layer.bias)
      let function = layer.isLast ? LayerProduct.Function.identity : self.function(index, workspace, first)
      // Z = f(X W + b)
      if layer.outputs == 1 || layer.gain != nil || layer.isReduced {
        if layer.outputs == 1 {
          gemv(.none, rows: rows, columns: layer.inputs, input, weights, z)
        } else if layer.isReduced {
          multiplyReduced(
            input, layer.inputs, weights, packed?.forward(index), transposed: false, rows: rows, layer.outputs, into: z)
        } else {
          gemm(
            .none, .none, m: rows, n: layer.outputs, k: layer.inputs, input, lda: layer.inputs, weights,
            ldb: layer.outputs, z, ldc: layer.outputs)
        }
        if let gain = layer.gain {
          if workspace.drops, let stream {
            drop(z, count: rows * layer.outputs, kept: workspace.kept[index], stream.child(index))
          }
          LayerNormalization.forward(
            z, gain: parameters + gain, rows: rows, columns: layer.outputs, normalized: workspace.normalized[index],
            capacity: workspace.capacity)
        }
        LayerProduct.addBias(z, bias, rows: rows, columns: layer.outputs, function)
      } else {
        LayerProduct.forward(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, input,
          .init(weights, packed: packed?.forward(index)), bias: bias, function, into: z)
      }
      input = UnsafePointer(z)
    }
    return workspace.output + first * outputs
  }

  /// Z [rows, outputs] = X [rows, inputs] W in bfloat16, or X W' for W stored [outputs, inputs] if `transposed`.
  func multiplyReduced(
    _ x: UnsafePointer<Float>, _ inputs: Int, _ weights: UnsafePointer<Float>, _ packed: UnsafePointer<Float>?,
    transposed: Bool, rows: Int, _ outputs: Int, into z: UnsafeMutablePointer<Float>
  ) {
    if let packed {
      BFloat16Product.multiply(
        m: rows, n: outputs, k: inputs, x, lda: inputs, packed: packed, .zero, into: z, ldc: outputs)
    } else {
      BFloat16Product.multiply(
        m: rows, n: outputs, k: inputs, x, lda: inputs, weights, ldb: transposed ? inputs : outputs,
        transposed: transposed, .zero, into: z, ldc: outputs)
    }
  }

  /// Leaves components of `z` out and scales the others by 1 / (1 - dropout), and keeps their factors.
  private func drop(
    _ z: UnsafeMutablePointer<Float>, count: Int, kept: UnsafeMutablePointer<Float>, _ stream: RandomStream
  ) {
    var stream = stream
    stream.fillUniform(kept, count: count)
    let (rate, scale) = (dropout, 1 / (1 - dropout))
    for i in 0..<count {
      kept[i] = kept[i] < rate ? 0 : scale
      z[i] *= kept[i]
    }
  }

  /// The nonlinearity of hidden layer `index`, on the workspace's rows from `first` on.
  private func function(_ index: Int, _ workspace: PerceptronWorkspace, _ first: Int) -> LayerProduct.Function {
    switch activation {
    case .relu: .relu
    case .tanh: .tanh
    case .silu: .silu(slopes: workspace.keepsActivations ? workspace.slopes[index] + first * hidden[index] : nil)
    }
  }

  /// The activation's slope at hidden layer `index` of the last forward pass, on the workspace's rows from `first` on.
  package func slope(_ index: Int, _ workspace: PerceptronWorkspace, from first: Int = 0) -> LayerProduct.Slope {
    let start = first * hidden[index]
    return switch activation {
    case .relu: .positive(workspace.outputs[index] + start)
    case .tanh: .tanh(workspace.outputs[index] + start)
    case .silu: .kept(workspace.slopes[index] + start)
    }
  }
}

extension Perceptron {
  /// Outputs [N, outputs] for `x` [N, inputs]; allocates. For tests and tools: hot paths keep a workspace.
  public func callAsFunction(_ x: Matrix, parameters: Vector) -> Matrix {
    precondition(x.columns == inputs && parameters.count == layout.count, "shapes do not fit the network")
    let workspace = PerceptronWorkspace(for: self, capacity: max(x.rows, 1), keepsActivations: false)
    var result = Matrix(rows: x.rows, columns: outputs)
    withExtendedLifetime(workspace) {
      let output = forward(parameters.pointer, x.pointer, rows: x.rows, workspace)
      result.mutablePointer.update(from: output, count: result.count)
    }
    return result
  }
}
