import Interfaces
import Kernels
import Networks

/// A stochastic policy as it is at one moment.
public struct StochasticPolicy: Policy {
  let networks: PolicyValueNetworks
  let parameters: Vector

  public var observationSize: Int { networks.observationSize }
  public var actionSize: Int { networks.distribution.actionSize }

  public func makeWorkspace() -> PerceptronWorkspace {
    PerceptronWorkspace(for: networks.policy, capacity: RowBlocks.size, keepsActivations: false)
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: PerceptronWorkspace
  ) {
    // measured actions do not depend on the other rows, to the bit
    let size = explore || networks.policy.hasIndependentRows ? RowBlocks.size : 1
    forEachRow(count, observations, workspace, size: size) { row, distribution in
      let action = actions + row * actionSize
      if explore {
        networks.distribution.sample(
          distribution, shared: parameters.pointer + networks.sharedOffset, using: &random, action: action)
      } else {
        networks.distribution.mode(distribution, action: action)
      }
      networks.distribution.writeAction(action, into: action)
    }
  }

  /// The action as the policy draws it, before it is squashed or limited, for one that an environment takes, both [A].
  public func writeRaw(_ action: UnsafePointer<Float>, into raw: UnsafeMutablePointer<Float>) {
    networks.distribution.writeRaw(action, into: raw)
  }

  /// Draws an action of each of `count` copies with a stream of its own: raw ones [N, A] as the policy sees them, and
  /// `actions` [N, A] as environments take them. Does not allocate.
  public func sample(
    count: Int, on observations: UnsafePointer<Float>, using streams: inout [RandomStream],
    raw: UnsafeMutablePointer<Float>, actions: UnsafeMutablePointer<Float>, _ workspace: PerceptronWorkspace
  ) {
    precondition(streams.count >= count, "\(streams.count) streams for \(count) copies")
    forEachRow(count, observations, workspace) { row, distribution in
      let drawn = raw + row * actionSize
      networks.distribution.sample(
        distribution, shared: parameters.pointer + networks.sharedOffset, using: &streams[row], action: drawn)
      networks.distribution.writeAction(drawn, into: actions + row * actionSize)
    }
  }

  @inline(__always)
  private func forEachRow(
    _ count: Int, _ observations: UnsafePointer<Float>, _ workspace: PerceptronWorkspace, size: Int = RowBlocks.size,
    _ body: (_ row: Int, _ distribution: UnsafePointer<Float>) -> Void
  ) {
    RowBlocks.forEach(of: count, size: size) { first, rows in
      let output = networks.policy.forward(
        parameters.pointer, observations + first * observationSize, rows: rows, workspace)
      for r in 0..<rows { body(first + r, UnsafePointer(output + r * networks.policy.outputs)) }
    }
  }
}
