import Interfaces
import Kernels
import Networks

/// What a squashed Gaussian actor says of states: means and clamped logarithms of standard deviations before squashing,
/// T = 2 A.
public struct ActorTeacher: PolicyTeacher {
  let network: ConvolutionalNetwork
  let parameters: Vector

  /// What the network of an actor says.
  init(network: Perceptron, parameters: Vector) {
    self.network = ConvolutionalNetwork(network)
    self.parameters = parameters
  }

  public var observationSize: Int { network.inputs }
  public var outputSize: Int { network.outputs }
  public var featureSize: Int { network.hidden.last ?? network.inputs }

  public func makeWorkspace() -> TeacherWorkspace { TeacherWorkspace(network) }

  public func describe(
    count: Int, observations: UnsafePointer<Float>, outputs: UnsafeMutablePointer<Float>,
    features: UnsafeMutablePointer<Float>?, _ workspace: TeacherWorkspace
  ) {
    let (size, range) = (outputSize / 2, TanhGaussianHead.logStdRange)
    workspace.forEachBlock(network, parameters, observations, count: count, features: features) { first, rows, output in
      let target = outputs + first * outputSize
      target.update(from: output, count: rows * outputSize)
      for r in 0..<rows {
        for c in size..<2 * size {
          let place = r * outputSize + c
          target[place] = min(max(target[place], range.lowerBound), range.upperBound)
        }
      }
    }
  }
}

/// What a network of action values says of states: the values, T = K.
public struct ValueTeacher: PolicyTeacher {
  let network: ConvolutionalNetwork
  let parameters: Vector
  let head: DiscreteValues

  public var observationSize: Int { network.inputs }
  public var outputSize: Int { head.count }
  public var featureSize: Int { network.hidden.last ?? network.inputs }

  public func makeWorkspace() -> TeacherWorkspace { TeacherWorkspace(network) }

  public func describe(
    count: Int, observations: UnsafePointer<Float>, outputs: UnsafeMutablePointer<Float>,
    features: UnsafeMutablePointer<Float>?, _ workspace: TeacherWorkspace
  ) {
    workspace.forEachBlock(network, parameters, observations, count: count, features: features) { first, rows, output in
      let values = outputs + first * head.count
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * head.scratchSize) { scratch in
        guard let scratch = scratch.baseAddress else { return }
        head.actionValues(output, rows: rows, into: values, scratch: scratch)
      }
    }
  }
}

/// Scratch of one thread for a teacher's passes.
public final class TeacherWorkspace {
  private let pass: ConvolutionalWorkspace

  init(_ network: ConvolutionalNetwork) {
    pass = ConvolutionalWorkspace(for: network, capacity: network.blockSize, keepsActivations: false)
  }

  /// Calls `body` with the first row, the number of rows and the outputs of each block, having copied the features [N,
  /// H], the last hidden layer or, without any, the observations.
  func forEachBlock(
    _ network: ConvolutionalNetwork, _ parameters: Vector, _ observations: UnsafePointer<Float>, count: Int,
    features: UnsafeMutablePointer<Float>?,
    _ body: (_ first: Int, _ rows: Int, _ output: UnsafePointer<Float>) -> Void
  ) {
    RowBlocks.forEach(of: count, size: network.blockSize) { first, rows in
      let x = observations + first * network.inputs
      let output = network.forward(parameters.pointer, x, rows: rows, pass)
      if let features {
        let width = network.hidden.last ?? network.inputs
        let hidden = network.hidden.isEmpty ? x : UnsafePointer(pass.body.outputs[network.hidden.count - 1])
        (features + first * width).update(from: hidden, count: rows * width)
      }
      body(first, rows, output)
    }
  }
}
