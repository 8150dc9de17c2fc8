import Kernels

/// Conjugate gradients for A x = b with a symmetric positive definite A known by its products alone (Hestenes and
/// Stiefel 1952), from x = 0.
package struct ConjugateGradient: Sendable {
  /// Most products.
  package let iterations: Int
  /// Squared norm of the residual at which it stops.
  package let tolerance: Float
  private var (residual, direction, product): (Vector, Vector, Vector)

  /// Scratch for systems of `size` unknowns.
  package init(size: Int, iterations: Int, tolerance: Float = 1e-10) {
    precondition(size > 0 && iterations > 0, "\(iterations) iterations for \(size) unknowns")
    self.iterations = iterations
    self.tolerance = tolerance
    residual = Vector(count: size)
    direction = residual
    product = residual
  }

  /// Writes x [size]; returns the squared norm of b - A x as the recursion has it. `multiply` writes A p. Does not
  /// allocate.
  package mutating func solve(
    _ b: UnsafePointer<Float>, into x: UnsafeMutablePointer<Float>,
    multiply: (_ p: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) -> Void
  ) -> Float {
    let count = residual.count
    let (r, p, ap) = (residual.mutablePointer, direction.mutablePointer, product.mutablePointer)
    x.update(repeating: 0, count: count)
    r.update(from: b, count: count)
    p.update(from: b, count: count)
    var square = Reductions.dot(r, r, count: count)
    for _ in 0..<iterations where square >= tolerance {
      multiply(p, ap)
      // alpha = r'r / p'Ap; x += alpha p; r -= alpha Ap; beta = r'r / old r'r; p = r + beta p
      let alpha = square / Reductions.dot(p, ap, count: count)
      Elementwise.add(x, p, count: count, scale: alpha)
      Elementwise.add(r, ap, count: count, scale: -alpha)
      let next = Reductions.dot(r, r, count: count)
      let beta = next / square
      for i in 0..<count { p[i] = r[i] + beta * p[i] }
      square = next
    }
    return square
  }
}
