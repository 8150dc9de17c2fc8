import Archive
import Kernels

/// A learner whose policy acts in N copies of an environment.
public protocol ActingLearner: Checkpointable {
  /// Makes room for N `copies`, where exploration has a memory; a new learner has room for one. To be called before
  /// `restore` and everything else.
  mutating func prepare(copies: Int)

  /// An episode of collected experience of copy `copy` starts: noise that is correlated in time starts anew.
  mutating func startEpisode(of copy: Int)

  /// Writes `actions` [N, A], in the environment's units and within its bounds, for `observations` [N, D], both
  /// row-major, in one pass. With `explore`, row i is of the copy `copies.lowerBound` + i and draws from `streams[i]`
  /// alone; without, copies and streams mean nothing, and a row's action does not depend on N, to the bit. Does not
  /// allocate.
  mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>)
}

extension ActingLearner {
  /// Nothing: the noise of most policies has no memory.
  public mutating func prepare(copies: Int) {}

  /// Nothing: the noise of most policies has no memory.
  public mutating func startEpisode(of copy: Int) {}

  /// Writes an action [A] of one copy for its observation [D].
  public mutating func act(
    on observation: [Float], of copy: Int = 0, explore: Bool, using random: inout RandomStream, action: inout [Float]
  ) {
    observation.withUnsafeBufferPointer { observation in
      action.withUnsafeMutableBufferPointer { action in
        guard let observation = observation.baseAddress, let action = action.baseAddress else { return }
        act(on: observation, of: copy..<copy + 1, explore: explore, using: &random, actions: action)
      }
    }
  }

  /// Writes the actions of all rows of `steps` for their observations. With `explore`, row i draws from `streams[i]`.
  public mutating func act(on steps: inout CopySteps, explore: Bool, using streams: inout [RandomStream]) {
    precondition(!explore || streams.count == steps.count, "\(streams.count) streams for \(steps.count) copies")
    let actions = steps.actions.mutablePointer
    withExtendedLifetime(steps.observations) { observations in
      streams.withUnsafeMutableBufferPointer { streams in
        guard let streams = streams.baseAddress else { preconditionFailure("no stream for any copy") }
        act(
          on: observations.pointer, of: 0..<observations.rows, explore: explore, using: streams, actions: actions)
      }
    }
  }
}
