import Kernels
import Networks

/// The matrix products of a computation without anything in between: the rate that BLAS alone would allow.
///
/// Products are listed by phase and shard as the real computation has them, with weights and gradients at their places of
/// the real sizes, and run on the same worker pool.
final class GemmReplay {
  /// One product, in terms of the scratch of the worker that runs it.
  struct Call {
    enum Kind { case forward, weightGradient, inputGradient }
    let kind: Kind
    let rows: Int
    let inputs: Int
    let outputs: Int
    /// First element of the layer's weights.
    let weights: Int
  }

  private let phases: [[[Call]]]
  private let weights: Vector
  private var scratch: [(x: Vector, z: Vector, gradient: Vector)]
  private var current: [[Call]] = []

  /// Products by phase, shard and order; `weightCount` floats of weights in all.
  init(phases: [[[Call]]], weightCount: Int) {
    self.phases = phases
    var weights = Vector(count: weightCount)
    var random = RandomStream(seed: 1)
    random.fillNormal(&weights)
    self.weights = weights
    let calls = phases.flatMap { $0 }.flatMap { $0 }
    let widest = calls.map { $0.rows * max($0.inputs, $0.outputs) }.max() ?? 1
    scratch = (0..<WorkerPool.threads).map { _ in
      var x = Vector(count: widest)
      random.fillNormal(&x)
      return (x, x, Vector(count: weightCount))
    }
    for index in scratch.indices {
      _ = scratch[index].x.mutablePointer
      _ = scratch[index].z.mutablePointer
    }
  }

  /// Runs all products once.
  func run() {
    for phase in phases {
      current = phase
      WorkerPool.run(shards: phase.count, Work(owner: Unmanaged.passUnretained(self)))
    }
  }

  private struct Work: ShardedWork {
    let owner: Unmanaged<GemmReplay>
    func run(shard: Int, worker: Int) { owner._withUnsafeGuaranteedRef { $0.run(shard: shard, worker: worker) } }
  }

  private func run(shard: Int, worker: Int) {
    let w = weights.pointer
    let x = UnsafeMutablePointer(mutating: scratch[worker].x.pointer)
    let z = UnsafeMutablePointer(mutating: scratch[worker].z.pointer)
    let gradient = UnsafeMutablePointer(mutating: scratch[worker].gradient.pointer)
    for call in current[shard] {
      switch call.kind {
      case .forward:
        gemm(
          .none, .none, m: call.rows, n: call.outputs, k: call.inputs, x, lda: call.inputs, w + call.weights,
          ldb: call.outputs, z, ldc: call.outputs)
      case .weightGradient:
        gemm(
          .transposed, .none, m: call.inputs, n: call.outputs, k: call.rows, x, lda: call.inputs, z, ldb: call.outputs,
          gradient + call.weights, ldc: call.outputs)
      case .inputGradient:
        gemm(
          .none, .transposed, m: call.rows, n: call.inputs, k: call.outputs, x, lda: call.outputs, w + call.weights,
          ldb: call.outputs, z, ldc: call.inputs)
      }
    }
  }

  /// Products of a forward pass; layers of one output are left out, since they are no matrix products.
  static func forward(_ network: Perceptron, rows: Int, weights: Int) -> [Call] {
    network.layers.filter { $0.outputs > 1 }.map {
      Call(kind: .forward, rows: rows, inputs: $0.inputs, outputs: $0.outputs, weights: weights + $0.weight)
    }
  }

  /// Products of a backward pass.
  static func backward(
    _ network: Perceptron, rows: Int, weights: Int, parameterGradient: Bool, inputGradient: Bool
  ) -> [Call] {
    var calls: [Call] = []
    for (index, layer) in network.layers.enumerated().reversed() where layer.outputs > 1 {
      func call(_ kind: Call.Kind) -> Call {
        Call(kind: kind, rows: rows, inputs: layer.inputs, outputs: layer.outputs, weights: weights + layer.weight)
      }
      if parameterGradient { calls.append(call(.weightGradient)) }
      if index > 0 || inputGradient { calls.append(call(.inputGradient)) }
    }
    return calls
  }
}
