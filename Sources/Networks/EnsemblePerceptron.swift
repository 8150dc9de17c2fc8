import Kernels

/// B networks of one architecture, all parameters in one flat vector, member after member. Passes go member by member
/// over rows that belong to it, so members and blocks of rows can run on different threads.
public struct EnsemblePerceptron: Sendable {
  /// The architecture that all members share.
  public let network: Perceptron
  /// Number of members, B.
  public let members: Int
  /// Parameters, [B, network.layout.count].
  public var parameters: Vector

  /// Members initialized independently, member m from `random.child(m)`.
  public init(_ network: Perceptron, members: Int, initialization: Initialization, using random: RandomStream) {
    precondition(members > 0, "an ensemble of \(members) members")
    self.network = network
    self.members = members
    parameters = Vector(count: members * network.layout.count)
    for member in 0..<members {
      var stream = random.child(member)
      let drawn = network.initialParameters(initialization, using: &stream)
      (parameters.mutablePointer + member * drawn.count).update(from: drawn.pointer, count: drawn.count)
    }
  }

  /// First parameter of a member.
  package func offset(of member: Int) -> Int {
    precondition(member >= 0 && member < members, "member \(member) outside 0..<\(members)")
    return member * network.layout.count
  }

  /// Names and places of all parameters, `members.<m>.layers...`.
  public var layout: ParameterLayout {
    var layout = ParameterLayout()
    for member in 0..<members { layout.append("members.\(member)", network.layout) }
    return layout
  }
}
