import Interfaces
import Kernels
import Networks

/// Products of a policy's Fisher information with vectors, on some observations.
///
///     F v = mean over rows of J' M J v
///
/// J is the Jacobian of the network's outputs, by forward mode; M the Fisher information of the distribution by its own
/// parameters; J' backward mode. It is the Hessian of mean KL(old || new) at the old parameters (Schulman et al. 2015,
/// appendix C). Activations of all rows are kept from one forward pass for all products.
package final class FisherProducts: PhasedWork {
  enum Phase { case linearize, product }

  private let networks: PolicyValueNetworks
  private let capacity: Int
  private var blocks = RowBlocks(rows: 0)
  /// One for each block of rows, with its activations.
  private let passes: [PerceptronWorkspace]
  /// One block of gradients for each, [blocks, policy parameters].
  private var products: Vector
  /// Products by the distributions' Fisher information, one for each thread.
  private let workers: [Matrix]
  private var observations: UnsafePointer<Float>?
  private var parameters: UnsafePointer<Float>?
  private var tangent: UnsafePointer<Float>?

  /// Room for products on `rows` observations.
  package init(_ networks: PolicyValueNetworks, rows: Int) {
    precondition(!networks.isShared, "the policy must have a network of its own")
    self.networks = networks
    capacity = rows
    let count = RowBlocks(rows: rows).count
    passes = (0..<count).map { _ in
      PerceptronWorkspace(for: networks.policy, capacity: min(RowBlocks.size, rows), keepsActivations: true)
    }
    products = Vector(count: count * networks.policyRange.count)
    workers = (0..<WorkerPool.threads).map { _ in
      Matrix(rows: RowBlocks.size, columns: networks.distribution.outputs)
    }
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// Takes the policy at `parameters` on `count` observations [count, D], for products until the next call. Both
  /// pointers must stay valid, and the parameters as they are.
  package func linearize(at parameters: UnsafePointer<Float>, _ observations: UnsafePointer<Float>, count: Int) {
    precondition(count > 0 && count <= capacity, "\(count) rows")
    blocks = RowBlocks(rows: count)
    (self.parameters, self.observations) = (parameters, observations)
    run(.linearize, shards: blocks.count)
  }

  /// Writes F v + damping * v for a vector v [policy parameters].
  package func multiply(_ vector: UnsafePointer<Float>, damping: Float, into result: UnsafeMutablePointer<Float>) {
    tangent = vector
    run(.product, shards: blocks.count)
    let count = networks.policyRange.count
    let share = 1 / Float(blocks.rows)
    for i in 0..<count { result[i] = damping * vector[i] }
    for block in 0..<blocks.count {
      Elementwise.add(result, products.pointer + block * count, count: count, scale: share)
    }
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let parameters, let observations else { return }
    let (range, network, distribution) = (blocks[shard], networks.policy, networks.distribution)
    let (first, rows) = (range.lowerBound, range.count)
    let x = observations + first * networks.observationSize
    let shared = parameters + networks.sharedOffset
    switch phase {
    case .linearize: network.forward(parameters, x, rows: rows, passes[shard])
    case .product:
      guard let tangent else { return }
      let result = products.storage.pointer + shard * networks.policyRange.count
      let pass = passes[shard]
      let turned = network.pushforward(
        parameters, x, rows: rows, pass, parameterTangent: tangent, inputTangent: nil)
      let product = workers[worker].storage.pointer
      (result + networks.sharedOffset).update(repeating: 0, count: distribution.sharedCount)
      distribution.multiplyByFisher(
        DistributionRows(pass.output, shared: shared, count: rows), tangent: turned,
        sharedTangent: tangent + networks.sharedOffset, product: product,
        sharedProduct: result + networks.sharedOffset)
      network.backward(parameters, x, rows: rows, outputGradient: product, pass, parameterGradient: result)
    }
  }
}
