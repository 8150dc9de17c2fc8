import Kernels

extension Perceptron {
  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. O(rows * parameters).
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, _ workspace: PerceptronWorkspace
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    var input = x
    for index in layers.indices {
      let layer = layers[index]
      let z = workspace.outputs[index]
      // Z = X W
      if layer.outputs == 1 {
        gemv(.none, rows: rows, columns: layer.inputs, input, parameters + layer.weight, z)
      } else if rows == 1 {
        gemv(.transposed, rows: layer.inputs, columns: layer.outputs, parameters + layer.weight, input, z)
      } else {
        gemm(
          .none, .none, m: rows, n: layer.outputs, k: layer.inputs, input, lda: layer.inputs,
          parameters + layer.weight, ldb: layer.outputs, z, ldc: layer.outputs)
      }
      if layer.isLast {
        Elementwise.addBias(z, parameters + layer.bias, rows: rows, columns: layer.outputs)
      } else {
        if let gain = layer.gain {
          LayerNormalization.forward(
            z, gain: parameters + gain, rows: rows, columns: layer.outputs, normalized: workspace.normalized[index],
            capacity: workspace.capacity)
        }
        activate(z, parameters + layer.bias, rows: rows, columns: layer.outputs, index, workspace)
      }
      input = UnsafePointer(z)
    }
    return workspace.output
  }

  private func activate(
    _ z: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int, _ index: Int,
    _ workspace: PerceptronWorkspace
  ) {
    switch activation {
    case .relu: Elementwise.addBiasReLU(z, bias, rows: rows, columns: columns)
    case .tanh: Elementwise.addBiasTanh(z, bias, rows: rows, columns: columns)
    case .silu where workspace.keepsActivations:
      Elementwise.addBiasSiLU(z, bias, rows: rows, columns: columns, derivative: workspace.slopes[index])
    case .silu: Elementwise.addBiasSiLU(z, bias, rows: rows, columns: columns)
    }
  }

  /// Multiplies `gradient` by the activation's slope at hidden layer `index` of the last forward pass.
  package func multiplyBySlope(
    _ gradient: UnsafeMutablePointer<Float>, count: Int, _ index: Int, _ workspace: PerceptronWorkspace
  ) {
    switch activation {
    case .relu: Elementwise.maskByPositive(gradient, workspace.outputs[index], count: count)
    case .tanh: Elementwise.multiplyByTanhSlope(gradient, workspace.outputs[index], count: count)
    case .silu: Elementwise.multiply(gradient, workspace.slopes[index], count: count)
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
