/// How far a gradient is from the finite differences of its function.
package struct GradientError: CustomStringConvertible {
  /// Largest |analytic - numeric| / max(|numeric|, 1 % of the largest |numeric|) over the components.
  package var worst = 0.0
  /// Component at which it occurs.
  package var index = 0
  /// The gradient's value there.
  package var analytic = 0.0
  /// The finite difference there.
  package var numeric = 0.0

  package var description: String {
    "relative error \(worst) at component \(index): gradient \(analytic), finite difference \(numeric)"
  }
}

/// Compares the gradient `analytic` of `function` at `point` with central differences (f(x + h) - f(x - h)) / 2h taken
/// one component at a time. A function that is not finite gives an infinite error.
///
/// Differences of a single-precision function are too coarse for a sharp verdict: give a double-precision reference of
/// the same function, with the default `step`. With a single-precision one take a step near 1e-2.
package func gradientError(
  of analytic: [Float], at point: [Double], step: Double = 1e-5, _ function: ([Double]) throws -> Double
) rethrows -> GradientError {
  precondition(analytic.count == point.count, "\(analytic.count) gradient components at a point of \(point.count)")
  var probe = point
  let numeric = try point.indices.map { index in
    probe[index] = point[index] + step
    let above = try function(probe)
    probe[index] = point[index] - step
    let below = try function(probe)
    probe[index] = point[index]
    return (above - below) / (2 * step)
  }
  return relativeError(of: analytic, from: numeric)
}

/// The directional derivative (f(x + h d) - f(x - h d)) / 2h of a vector-valued function at `point` along `direction`.
package func directionalDerivative(
  at point: [Double], along direction: [Double], step: Double = 1e-5, _ function: ([Double]) throws -> [Double]
) rethrows -> [Double] {
  precondition(direction.count == point.count, "direction of \(direction.count) at a point of \(point.count)")
  let above = try function(zip(point, direction).map { $0 + step * $1 })
  let below = try function(zip(point, direction).map { $0 - step * $1 })
  return zip(above, below).map { ($0 - $1) / (2 * step) }
}

/// Compares components with those of a reference, by the measure of `GradientError`.
package func relativeError(of found: [Float], from reference: [Double]) -> GradientError {
  precondition(found.count == reference.count, "\(found.count) components against \(reference.count)")
  let scale = reference.reduce(0) { max($0, abs($1)) }
  var error = GradientError()
  for (index, pair) in zip(found, reference).enumerated() {
    let (analytic, numeric) = (Double(pair.0), pair.1)
    let gap = abs(analytic - numeric)
    var relative = gap / max(abs(numeric), 0.01 * scale, 1e-12)
    if !gap.isFinite { relative = .infinity }
    if relative > error.worst {
      error = GradientError(worst: relative, index: index, analytic: analytic, numeric: numeric)
    }
  }
  return error
}
