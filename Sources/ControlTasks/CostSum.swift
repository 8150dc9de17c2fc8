import Interfaces

/// The second derivatives that an expansion of a cost has.
public enum CostCurvature: String, Sendable, CaseIterable {
  /// Those of the cost, which may be indefinite.
  case exact
  /// Positive semidefinite ones: of a penalty l(D) that rises, 2 l' JᵀW J, the expansion of the parabola that touches l
  /// from above where z is linear and l concave in D (as the logarithm is); of one that falls, ∇l ∇lᵀ / 2l, Gauss and
  /// Newton's for (√(2l))² / 2.
  case gaussNewton
}

/// A cost made of parts: penalties of distances, each with a weight in time, and weighted squares of the actions,
/// l_t(x, u) = Σ_i w_i(t) l_i(D_i(x)) + Σ_j r_j u_j².
public struct CostSum: TrajectoryCost {
  /// A penalty of a distance.
  public struct Term: Sendable {
    let distance: any SquaredDistance
    let penalty: Penalty
    let time: TimeWeight

    /// w(t) l(D(x)) with the weight `time`, by default 1 at every step.
    public init(_ penalty: Penalty, of distance: any SquaredDistance, at time: TimeWeight = .constant()) {
      self.distance = distance
      self.penalty = penalty
      self.time = time
    }
  }

  /// Numbers in a state, n.
  public let stateSize: Int
  /// Costs of squared actions, r [m].
  public let actionWeights: [Double]
  let terms: [Term]
  let curvature: CostCurvature

  /// A cost of states of `stateSize` numbers and actions of as many as there are weights.
  public init(
    stateSize: Int, terms: [Term], actionWeights: [Double], curvature: CostCurvature = .gaussNewton
  ) {
    precondition(stateSize > 0 && stateSize <= 128, "states of \(stateSize) numbers, of at most 128")
    precondition(!actionWeights.isEmpty && actionWeights.allSatisfy { $0 >= 0 }, "weights \(actionWeights) of actions")
    for term in terms { term.distance.check(stateSize: stateSize) }
    self.stateSize = stateSize
    self.terms = terms
    self.actionWeights = actionWeights
    self.curvature = curvature
  }

  public var actionSize: Int { actionWeights.count }

  /// Whether costs do not depend on time.
  public var isConstant: Bool { terms.allSatisfy(\.time.isConstant) }

  /// A lower bound of the cost of a state, at any time, where weights in time are at most 1.
  public var minimum: Double { terms.reduce(0) { $0 + $1.penalty.minimum * $1.time.factor(step: 1, horizon: 1) } }

  /// What it costs to be in `state` [n] at step `step` of `horizon`.
  public func stateCost(_ state: UnsafePointer<Double>, step: Int, horizon: Int) -> Double {
    var sum = 0.0
    for term in terms {
      let factor = term.time.factor(step: step, horizon: horizon)
      if factor != 0 { sum += factor * term.penalty.value(term.distance.value(state)) }
    }
    return sum
  }

  /// What `action` [m] costs.
  public func actionCost(_ action: UnsafePointer<Double>) -> Double {
    var sum = 0.0
    for index in actionWeights.indices { sum += actionWeights[index] * action[index] * action[index] }
    return sum
  }

  public func evaluate(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    for step in 0...horizon {
      costs[step] =
        stateCost(states + step * stateSize, step: step, horizon: horizon) + actionCost(actions + step * actionSize)
    }
  }
}
