/// One step of an optimizer with its constants fixed: it may be applied to disjoint ranges from several threads. Valid
/// while the optimizer lives and is not copied.
package protocol OptimizerStep {
  /// Updates the parameters in `range`; `parameters` and `gradient` point at index 0 of the whole vectors.
  func apply(_ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range: Range<Int>)

  /// The same with the sum of two gradients.
  func apply(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, plus other: UnsafePointer<Float>,
    range: Range<Int>)
}

extension Adam.Step: OptimizerStep {}
