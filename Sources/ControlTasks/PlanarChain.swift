import Foundation

/// A chain of links in the plane, each turned against the one before it: the kinematics of a planar arm.
public struct PlanarChain: Sendable, Equatable {
  /// In m.
  public let lengths: [Double]

  /// Of at most `PlanarChain.maximalLinks` links, from the base at the origin outward.
  public init(lengths: [Double]) {
    precondition(!lengths.isEmpty && lengths.count <= Self.maximalLinks && lengths.allSatisfy { $0 > 0 }, "\(lengths)")
    self.lengths = lengths
  }

  /// The most links there may be.
  public static let maximalLinks = 8

  /// The end of link `link`, by default the last one's, at joint `angles` [links] in rad, each relative to the link before.
  public func end(of link: Int? = nil, _ angles: UnsafePointer<Double>) -> SIMD2<Double> {
    var (sum, place) = (0.0, SIMD2<Double>.zero)
    for index in 0...(link ?? lengths.count - 1) {
      sum += angles[index]
      place += lengths[index] * SIMD2(cos(sum), sin(sum))
    }
    return place
  }
}

/// Squared distance of the tip of a planar chain from a point, as a function of the joint angles.
///
/// With p(q) = Σ_i l_i (cos θ_i, sin θ_i), θ_i = q_1 + ... + q_i: ∂p/∂q_j = Σ_{i≥j} l_i (-sin θ_i, cos θ_i), which is the
/// Jacobian, and ∂²p/∂q_j∂q_k = -Σ_{i≥max(j,k)} l_i (cos θ_i, sin θ_i).
public struct TipDistance: SquaredDistance {
  let chain: PlanarChain
  let target: SIMD2<Double>
  let firstAngle: Int

  /// Of `chain`, whose angles are consecutive in the state, the first at `firstAngle`.
  public init(of chain: PlanarChain, from target: SIMD2<Double>, firstAngle: Int = 0) {
    precondition(firstAngle >= 0, "an angle at \(firstAngle)")
    self.chain = chain
    self.target = target
    self.firstAngle = firstAngle
  }

  public func check(stateSize: Int) {
    precondition(firstAngle + chain.lengths.count <= stateSize, "angles beyond \(stateSize) numbers")
  }

  /// z = p(q) - target, and l_i (cos θ_i, sin θ_i) summed from link j on.
  @inline(__always)
  private func reach(
    _ state: UnsafePointer<Double>
  ) -> (error: SIMD2<Double>, beyond: InlineArray<8, SIMD2<Double>>) {
    var beyond = InlineArray<8, SIMD2<Double>>(repeating: .zero)
    var sum = 0.0
    let count = chain.lengths.count
    for index in 0..<count {
      sum += state[firstAngle + index]
      beyond[index] = chain.lengths[index] * SIMD2(cos(sum), sin(sum))
    }
    for index in stride(from: count - 2, through: 0, by: -1) { beyond[index] += beyond[index + 1] }
    return (beyond[0] - target, beyond)
  }

  public func value(_ state: UnsafePointer<Double>) -> Double {
    let error = chain.end(state + firstAngle) - target
    return (error * error).sum()
  }

  public func addGradient(_ state: UnsafePointer<Double>, scale: Double, to gradient: UnsafeMutablePointer<Double>) {
    let (error, beyond) = reach(state)
    for joint in chain.lengths.indices {
      // ∂p/∂q_j is the vector to the tip from joint j, turned by a right angle
      gradient[firstAngle + joint] += 2 * scale * (error.y * beyond[joint].x - error.x * beyond[joint].y)
    }
  }

  public func addHessian(
    _ state: UnsafePointer<Double>, scale: Double, gaussNewton: Bool, stride: Int,
    to hessian: UnsafeMutablePointer<Double>
  ) {
    let (error, beyond) = reach(state)
    for j in chain.lengths.indices {
      for k in chain.lengths.indices {
        var second = (beyond[j] * beyond[k]).sum()  // turned by the same angle, their product is that of the Jacobian's
        if !gaussNewton { second -= (error * beyond[max(j, k)]).sum() }
        hessian[(firstAngle + j) * stride + firstAngle + k] += 2 * scale * second
      }
    }
  }
}
