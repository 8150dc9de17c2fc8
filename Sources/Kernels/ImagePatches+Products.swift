/// Products of an image's patches as a matrix P [count, length] that need not be written down: the lines of a patch lie
/// in the image as they are, one image row apart.
extension ImagePatches {
  /// Whether the products below can be had; else patches must be gathered.
  package static var areReadInPlace: Bool { Microkernel.isFast }

  /// Z [count, filters] = f(P W + bias), the weights W [length, filters] given as panels.
  package func multiply(
    _ image: UnsafePointer<Float>, panels: UnsafePointer<Float>, bias: UnsafePointer<Float>, filters: Int,
    _ function: LayerProduct.Function, into z: UnsafeMutablePointer<Float>
  ) {
    let (line, pitch) = (size * channels, width * channels)
    let segments = Microkernel.Segments(count: size, pitch: pitch)
    func run<F: LayerFunction>(_ row: Int, _ function: F) {
      let left = Microkernel.Operand(
        base: image + row * stride * pitch, rowStride: stride * channels, innerStride: 1)
      SegmentedProduct.multiply(
        m: columns, n: filters, k: line, segments, left, panels: panels,
        LayerEpilogue(bias: bias, c: z + row * columns * filters, ldc: filters, function: function))
    }
    for row in 0..<rows {
      switch function {
      case .identity: run(row, IdentityFunction())
      case .relu: run(row, ReLUFunction())
      case .tanh: run(row, TanhFunction())
      case .silu(let slopes): run(row, SiLUFunction(slopes: slopes.map { $0 + row * columns * filters }))
      }
    }
  }

  /// dW [length, filters] += P' dZ, the gradient dZ [count, filters] given as panels.
  package func addWeightGradient(
    _ image: UnsafePointer<Float>, gradientPanels panels: UnsafePointer<Float>, filters: Int,
    to gradient: UnsafeMutablePointer<Float>
  ) {
    let (line, pitch) = (size * channels, width * channels)
    let segments = Microkernel.Segments(count: rows, pitch: stride * pitch)
    for y in 0..<size {
      let left = Microkernel.Operand(base: image + y * pitch, rowStride: 1, innerStride: stride * channels)
      SegmentedProduct.multiply(
        m: line, n: filters, k: columns, segments, left, panels: panels,
        AccumulateEpilogue(c: gradient + y * line * filters, ldc: filters))
    }
  }
}
