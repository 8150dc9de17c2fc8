import Kernels

/// A network of Gaussian radial basis functions: y_a = Σ_b w_ba φ_b(x), φ_b(x) = exp(-½ Σ_d (x_d - c_db)² / l_d²), with
/// lengths l shared by all bases. The architecture alone; parameters live in a flat `Vector` laid out by `layout`.
public struct RadialBasisNetwork: Sendable, Equatable {
  /// Floats per input row, D.
  public let inputs: Int
  /// Basis functions, B.
  public let bases: Int
  /// Floats per output row, A.
  public let outputs: Int
  /// Names and places of the parameters: `centers` [D, B], `log_lengths` [D], `weights` [A, B].
  public let layout: ParameterLayout
  package let centers: Int
  package let lengths: Int
  package let weights: Int

  /// An architecture; every size at least 1.
  public init(inputs: Int, bases: Int, outputs: Int) {
    precondition(inputs > 0 && bases > 0 && outputs > 0, "\(bases) bases from \(inputs) to \(outputs)")
    (self.inputs, self.bases, self.outputs) = (inputs, bases, outputs)
    var layout = ParameterLayout()
    centers = layout.append("centers", shape: [inputs, bases])
    lengths = layout.append("log_lengths", shape: [inputs])
    weights = layout.append("weights", shape: [outputs, bases])
    self.layout = layout
  }

  /// Scratch of one thread for passes of up to `capacity` rows.
  public final class Workspace {
    let capacity: Int
    var slopes: Vector  // [capacity, B]
    var gaps: Vector  // [2, B]

    /// Allocates, once.
    public init(_ network: RadialBasisNetwork, capacity: Int) {
      self.capacity = capacity
      slopes = Vector(count: capacity * network.bases)
      gaps = Vector(count: 2 * network.bases)
    }
  }

  /// Writes the bases' values [rows, B] of `x` [rows, D], each times its factor in `kept` [rows, B] where given (dropout),
  /// and the outputs [rows, A]. A row's results do not depend on the others, to the bit. Does not allocate.
  public func forward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, kept: UnsafePointer<Float>? = nil,
    basis: UnsafeMutablePointer<Float>, outputs y: UnsafeMutablePointer<Float>
  ) {
    let (c, w) = (parameters + centers, parameters + weights)
    for row in 0..<rows {
      let (input, values) = (x + row * inputs, basis + row * bases)
      for b in 0..<bases { values[b] = 0 }
      for d in 0..<inputs {
        let (place, column) = (input[d], c + d * bases)
        let weight = -0.5 * Scalar.exp(-2 * parameters[lengths + d])
        for b in 0..<bases {
          let gap = place - column[b]
          values[b] += weight * (gap * gap)
        }
      }
      for b in 0..<bases { values[b] = Scalar.exp(values[b]) }
      if let kept { Elementwise.multiply(values, kept + row * bases, count: bases) }
      let target = y + row * outputs
      for a in 0..<outputs { target[a] = Reductions.dot(values, w + a * bases, count: bases) }
    }
  }

  /// The gradient of a loss: given `basis` [rows, B] as `forward` left them for `x` [rows, D] and the gradient by the
  /// outputs [rows, A], adds that by the parameters to `parameterGradient` and writes that by the inputs [rows, D]. Does
  /// not allocate.
  public func backward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, basis: UnsafePointer<Float>,
    outputGradient: UnsafePointer<Float>, parameterGradient: UnsafeMutablePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    precondition(rows <= workspace.capacity, "\(rows) rows in room for \(workspace.capacity)")
    let (c, w) = (parameters + centers, parameters + weights)
    let (slopes, gaps) = (workspace.slopes.mutablePointer, workspace.gaps.mutablePointer)
    let pulls = gaps + bases
    for row in 0..<rows {
      let (slope, values) = (slopes + row * bases, basis + row * bases)
      let g = outputGradient + row * outputs
      // ∂L/∂φ times φ, which holds what dropout left out, too
      for b in 0..<bases { slope[b] = 0 }
      for a in 0..<outputs { Elementwise.add(slope, w + a * bases, count: bases, scale: g[a]) }
      Elementwise.multiply(slope, values, count: bases)
      let target = parameterGradient + weights
      for a in 0..<outputs { Elementwise.add(target + a * bases, values, count: bases, scale: g[a]) }
      for d in 0..<inputs {
        let (place, column) = (x[row * inputs + d], c + d * bases)
        let inverse = Scalar.exp(-2 * parameters[lengths + d])
        let centerGradient = parameterGradient + centers + d * bases
        for b in 0..<bases {
          gaps[b] = place - column[b]
          pulls[b] = inverse * slope[b] * gaps[b]
          centerGradient[b] += pulls[b]
        }
        inputGradient[row * inputs + d] = -Reductions.sum(pulls, count: bases)
        parameterGradient[lengths + d] += Reductions.dot(pulls, gaps, count: bases)
      }
    }
  }
}
