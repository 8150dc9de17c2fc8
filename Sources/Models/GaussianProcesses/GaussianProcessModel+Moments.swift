import Kernels

/// What propagation of moments needs to know of a fitted model.
extension GaussianProcessModel {
  /// The normalized changes as functions of normalized inputs.
  package var sums: GaussianSums { GaussianSums(outputs, points: normalizedPoints) }

  /// Means and standard deviations that inputs, states then actions, are normalized by.
  package var inputUnits: (mean: [Double], scale: [Double]) { Self.units(inputs) }

  /// The same of the changes of state.
  package var changeUnits: (mean: [Double], scale: [Double]) { Self.units(changes) }

  private static func units(_ normalizer: Normalizer) -> (mean: [Double], scale: [Double]) {
    (normalizer.mean.elements.map { Double($0) }, normalizer.scale.elements.map { Double($0) })
  }
}
