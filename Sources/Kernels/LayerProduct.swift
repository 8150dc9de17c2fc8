/// Passes through one layer of a network on row-major blocks, the nonlinearity fused into the product.
package enum LayerProduct {
  /// The nonlinearity of a layer.
  package enum Function {
    /// x.
    case identity
    /// max(x, 0); NaN stays NaN.
    case relu
    /// tanh x.
    case tanh
    /// x / (1 + e^-x), its derivatives kept at `slopes` [rows, outputs] unless nil.
    case silu(slopes: UnsafeMutablePointer<Float>?)
  }

  /// The derivative of a layer's nonlinearity at the last pass.
  package enum Slope {
    /// 1.
    case one
    /// 1 where the output y [rows, width] is positive, else 0.
    case positive(UnsafePointer<Float>)
    /// 1 - y^2 for the output y [rows, width].
    case tanh(UnsafePointer<Float>)
    /// As kept [rows, width].
    case kept(UnsafePointer<Float>)
  }

  /// The weights W [inputs, outputs] of a layer, as stored and perhaps packed already.
  package struct Weights {
    let stored: UnsafePointer<Float>
    let packed: UnsafePointer<Float>?

    /// `packed` is W for a forward pass, W' for a gradient; nil where it is yet to be packed.
    package init(_ stored: UnsafePointer<Float>, packed: UnsafePointer<Float>? = nil) {
      self.stored = stored
      self.packed = packed
    }
  }

  /// Z [rows, outputs] = f(X [rows, inputs] W + bias).
  package static func forward(
    rows: Int, inputs: Int, outputs: Int, _ x: UnsafePointer<Float>, _ weights: Weights, bias: UnsafePointer<Float>,
    _ function: Function, into z: UnsafeMutablePointer<Float>
  ) {
    guard Microkernel.isFast else {
      gemm(
        .none, .none, m: rows, n: outputs, k: inputs, x, lda: inputs, weights.stored, ldb: outputs, z, ldc: outputs)
      return addBias(z, bias, rows: rows, columns: outputs, function)
    }
    let shape = Shape(m: rows, n: outputs, k: inputs)
    let a = Microkernel.Operand(base: x, rowStride: inputs, innerStride: 1)
    func run<F: LayerFunction>(_ function: F) {
      multiply(
        shape, a, .none, weights, ldb: outputs, LayerEpilogue(bias: bias, c: z, ldc: outputs, function: function))
    }
    switch function {
    case .identity: run(IdentityFunction())
    case .relu: run(ReLUFunction())
    case .tanh: run(TanhFunction())
    case .silu(let slopes): run(SiLUFunction(slopes: slopes))
    }
  }

  /// f(z + bias) in place, for products made elsewhere.
  package static func addBias(
    _ z: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int, _ function: Function
  ) {
    switch function {
    case .identity: Elementwise.addBias(z, bias, rows: rows, columns: columns)
    case .relu: Elementwise.addBiasReLU(z, bias, rows: rows, columns: columns)
    case .tanh: Elementwise.addBiasTanh(z, bias, rows: rows, columns: columns)
    case .silu(let slopes):
      Elementwise.addBias(z, bias, rows: rows, columns: columns)
      Elementwise.silu(z, rows: rows, columns: columns, stride: columns, slopes: slopes)
    }
  }

  /// dX [rows, inputs] = (dZ [rows, outputs] W') * slope, the slope being that of the layer below.
  package static func inputGradient(
    rows: Int, inputs: Int, outputs: Int, _ gradient: UnsafePointer<Float>, _ weights: Weights, slope: Slope,
    into below: UnsafeMutablePointer<Float>
  ) {
    if outputs == 1 {
      Elementwise.outerProduct(gradient, weights.stored, rows: rows, columns: inputs, into: below)
      return multiply(below, by: slope, count: rows * inputs)
    }
    guard Microkernel.isFast else {
      gemm(
        .none, .transposed, m: rows, n: inputs, k: outputs, gradient, lda: outputs, weights.stored, ldb: outputs, below,
        ldc: inputs)
      return multiply(below, by: slope, count: rows * inputs)
    }
    let shape = Shape(m: rows, n: inputs, k: outputs)
    let a = Microkernel.Operand(base: gradient, rowStride: outputs, innerStride: 1)
    func run<E: GEMMEpilogue>(_ epilogue: E) { multiply(shape, a, .transposed, weights, ldb: outputs, epilogue) }
    switch slope {
    case .one: run(StoreEpilogue(c: below, ldc: inputs))
    case .positive(let y): run(SlopeEpilogue(c: below, ldc: inputs, slope: PositiveSlope(y: y)))
    case .tanh(let y): run(SlopeEpilogue(c: below, ldc: inputs, slope: TanhSlope(y: y)))
    case .kept(let slopes): run(SlopeEpilogue(c: below, ldc: inputs, slope: KeptSlope(slopes: slopes)))
    }
  }

  /// gradient *= slope, element by element.
  package static func multiply(_ gradient: UnsafeMutablePointer<Float>, by slope: Slope, count: Int) {
    switch slope {
    case .one: break
    case .positive(let y): Elementwise.maskByPositive(gradient, y, count: count)
    case .tanh(let y): Elementwise.multiplyByTanhSlope(gradient, y, count: count)
    case .kept(let slopes): Elementwise.multiply(gradient, slopes, count: count)
    }
  }

  private struct Shape {
    let m: Int
    let n: Int
    let k: Int
  }

  @inline(__always)
  private static func multiply<E: GEMMEpilogue>(
    _ shape: Shape, _ a: Microkernel.Operand, _ tb: Transposition, _ weights: Weights, ldb: Int, _ epilogue: E
  ) {
    if let packed = weights.packed {
      BlockedGEMM.multiply(m: shape.m, n: shape.n, k: shape.k, a, packed: packed, epilogue)
    } else {
      BlockedGEMM.multiply(m: shape.m, n: shape.n, k: shape.k, a, tb, weights.stored, ldb: ldb, epilogue)
    }
  }
}
