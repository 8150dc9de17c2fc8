import Kernels

extension Perceptron {
  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. `panels`, if given, must
  /// be those of `parameters`. O(rows * parameters).
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, _ workspace: PerceptronWorkspace,
    panels: WeightPanels? = nil
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    var input = x
    for index in layers.indices {
      let layer = layers[index]
      let z = workspace.outputs[index]
      let (weights, bias) = (parameters + layer.weight, parameters + layer.bias)
      let function = layer.isLast ? LayerProduct.Function.identity : self.function(index, workspace)
      // Z = f(X W + b)
      if layer.outputs == 1 || layer.gain != nil {
        if layer.outputs == 1 {
          gemv(.none, rows: rows, columns: layer.inputs, input, weights, z)
        } else {
          gemm(
            .none, .none, m: rows, n: layer.outputs, k: layer.inputs, input, lda: layer.inputs, weights,
            ldb: layer.outputs, z, ldc: layer.outputs)
        }
        if let gain = layer.gain {
          LayerNormalization.forward(
            z, gain: parameters + gain, rows: rows, columns: layer.outputs, normalized: workspace.normalized[index],
            capacity: workspace.capacity)
        }
        LayerProduct.addBias(z, bias, rows: rows, columns: layer.outputs, function)
      } else {
        LayerProduct.forward(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, input,
          .init(weights, panels: panels?.forward(index)), bias: bias, function, into: z)
      }
      input = UnsafePointer(z)
    }
    return workspace.output
  }

  /// The nonlinearity of hidden layer `index`.
  private func function(_ index: Int, _ workspace: PerceptronWorkspace) -> LayerProduct.Function {
    switch activation {
    case .relu: .relu
    case .tanh: .tanh
    case .silu: .silu(slopes: workspace.keepsActivations ? workspace.slopes[index] : nil)
    }
  }

  /// The activation's slope at hidden layer `index` of the last forward pass.
  package func slope(_ index: Int, _ workspace: PerceptronWorkspace) -> LayerProduct.Slope {
    switch activation {
    case .relu: .positive(workspace.outputs[index])
    case .tanh: .tanh(workspace.outputs[index])
    case .silu: .kept(workspace.slopes[index])
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
