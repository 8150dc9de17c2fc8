import Archive
import Kernels

/// Resilient backpropagation (Riedmiller and Braun 1993): steps that depend on the signs of gradients alone, for whole
/// batches.
///
///     step *= 1.2 where the gradient kept its sign, *= 0.5 where it changed it, between 1e-6 and 50
///     p    -= sign(g) step, but not where the sign changed; there the next gradient counts as the first
///
/// As PyTorch has it: after a change of sign the last step is not taken back (iRprop-, Igel and Hüsken 2000).
public struct Rprop: Sendable {
  private static let (shrink, grow): (Float, Float) = (0.5, 1.2)
  private static let (least, most): (Float, Float) = (1e-6, 50)
  private let initialStep: Float
  private var steps: Vector
  /// Gradients before, 0 where the sign changed.
  private var previous: Vector

  /// First steps of `initialStep` for `count` parameters.
  public init(count: Int, initialStep: Float) {
    self.initialStep = initialStep
    steps = Vector(count: count)
    steps.fill(initialStep)
    previous = Vector(count: count)
  }

  /// Forgets gradients, and takes first steps again.
  public mutating func restart() {
    steps.fill(initialStep)
    previous.fill(0)
  }

  /// One step on all parameters.
  public mutating func step(_ parameters: inout Vector, gradient: Vector) {
    precondition(parameters.count == steps.count && gradient.count == steps.count, "vectors of different lengths")
    let (p, s, last, g) = (parameters.mutablePointer, steps.mutablePointer, previous.mutablePointer, gradient.pointer)
    for i in 0..<steps.count {
      let product = g[i] * last[i]
      if product > 0 {
        s[i] = min(s[i] * Self.grow, Self.most)
      } else if product < 0 {
        s[i] = max(s[i] * Self.shrink, Self.least)
      }
      last[i] = product < 0 ? 0 : g[i]
      p[i] -= last[i] > 0 ? s[i] : last[i] < 0 ? -s[i] : 0
    }
  }
}

extension Rprop: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("steps", &steps)
    try fields.field("previous", &previous)
  }
}
