/// A squared distance D(x) = z(x)ᵀW z(x) of a state from a target, with derivatives: z [k] are numbers that follow from
/// the state, less their targets, and W is diagonal. Nothing here allocates.
public protocol SquaredDistance: Sendable {
  /// Requires states of `stateSize` numbers; a programmer's mistake otherwise.
  func check(stateSize: Int)

  /// D at `state` [n].
  func value(_ state: UnsafePointer<Double>) -> Double

  /// Adds `scale` times ∂D/∂x = 2 JᵀW z to `gradient` [n], J = ∂z/∂x.
  func addGradient(_ state: UnsafePointer<Double>, scale: Double, to gradient: UnsafeMutablePointer<Double>)

  /// Adds `scale` times the Hessian of D to `hessian` [n, n] (rows `stride` apart): 2 JᵀW J + 2 Σ_i W_i z_i ∂²z_i/∂x²,
  /// of which `gaussNewton` leaves out the second part.
  func addHessian(
    _ state: UnsafePointer<Double>, scale: Double, gaussNewton: Bool, stride: Int,
    to hessian: UnsafeMutablePointer<Double>)
}

/// Distance of a few components of the state from targets of theirs.
public struct ComponentDistance: SquaredDistance {
  /// A component of the state.
  public struct Component: Sendable, Equatable {
    /// Its place in the state.
    public let index: Int
    /// Where it should be.
    public let target: Double
    /// Its share W_i.
    public let weight: Double

    /// The component at `index` of the state counts with W = `weight` >= 0 for its distance from `target`.
    public init(_ index: Int, target: Double = 0, weight: Double = 1) {
      precondition(index >= 0 && weight >= 0, "component \(index) with weight \(weight)")
      self.index = index
      self.target = target
      self.weight = weight
    }
  }

  let components: [Component]

  /// D = Σ W_i (x_i - target_i)². Each component at most once.
  public init(_ components: [Component]) {
    precondition(
      !components.isEmpty && Set(components.map(\.index)).count == components.count, "components twice, or none")
    self.components = components
  }

  public func check(stateSize: Int) {
    precondition(components.allSatisfy { $0.index < stateSize }, "a cost of components beyond \(stateSize) numbers")
  }

  public func value(_ state: UnsafePointer<Double>) -> Double {
    var sum = 0.0
    for component in components {
      let error = state[component.index] - component.target
      sum += component.weight * error * error
    }
    return sum
  }

  public func addGradient(_ state: UnsafePointer<Double>, scale: Double, to gradient: UnsafeMutablePointer<Double>) {
    for component in components {
      gradient[component.index] += 2 * scale * component.weight * (state[component.index] - component.target)
    }
  }

  public func addHessian(
    _ state: UnsafePointer<Double>, scale: Double, gaussNewton: Bool, stride: Int,
    to hessian: UnsafeMutablePointer<Double>
  ) {
    for component in components { hessian[component.index * (stride + 1)] += 2 * scale * component.weight }
  }
}

/// Distance of the difference of two groups of components from 0: that of two observed points from each other.
public struct DifferenceDistance: SquaredDistance {
  let first: [Int]
  let second: [Int]

  /// D = Σ (x_{first_i} - x_{second_i})².
  public init(_ first: [Int], _ second: [Int]) {
    precondition(first.count == second.count && Set(first + second).count == 2 * first.count, "\(first), \(second)")
    self.first = first
    self.second = second
  }

  public func check(stateSize: Int) {
    precondition((first + second).allSatisfy { $0 >= 0 && $0 < stateSize }, "components beyond \(stateSize) numbers")
  }

  public func value(_ state: UnsafePointer<Double>) -> Double {
    var sum = 0.0
    for index in first.indices {
      let error = state[first[index]] - state[second[index]]
      sum += error * error
    }
    return sum
  }

  public func addGradient(_ state: UnsafePointer<Double>, scale: Double, to gradient: UnsafeMutablePointer<Double>) {
    for index in first.indices {
      let slope = 2 * scale * (state[first[index]] - state[second[index]])
      gradient[first[index]] += slope
      gradient[second[index]] -= slope
    }
  }

  public func addHessian(
    _ state: UnsafePointer<Double>, scale: Double, gaussNewton: Bool, stride: Int,
    to hessian: UnsafeMutablePointer<Double>
  ) {
    for index in first.indices {
      let (a, b) = (first[index], second[index])
      hessian[a * (stride + 1)] += 2 * scale
      hessian[b * (stride + 1)] += 2 * scale
      hessian[a * stride + b] -= 2 * scale
      hessian[b * stride + a] -= 2 * scale
    }
  }
}
