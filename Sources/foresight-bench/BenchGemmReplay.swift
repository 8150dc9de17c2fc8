import Kernels
import Networks

/// The matrix products of a computation without anything in between: the rate that they alone would allow, by our tiles
/// (weights packed anew for each product) or by OpenBLAS.
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
  private var usesLibrary = false

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
  func run(byLibrary: Bool = false) {
    usesLibrary = byLibrary
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
    let gemm = {
      [usesLibrary]
      (
        ta: Transposition, tb: Transposition, m: Int, n: Int, k: Int,
        a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, c: UnsafeMutablePointer<Float>
      ) in
      if usesLibrary {
        BLAS.multiply(ta, tb, m: m, n: n, k: k, a, lda: lda, b, ldb: ldb, c, ldc: n)
      } else {
        Kernels.gemm(ta, tb, m: m, n: n, k: k, a, lda: lda, b, ldb: ldb, c, ldc: n)
      }
    }
    for call in current[shard] {
      let (rows, inputs, outputs) = (call.rows, call.inputs, call.outputs)
      switch call.kind {
      case .forward: gemm(.none, .none, rows, outputs, inputs, x, inputs, w + call.weights, outputs, z)
      case .weightGradient:
        gemm(.transposed, .none, inputs, outputs, rows, x, inputs, z, outputs, gradient + call.weights)
      case .inputGradient: gemm(.none, .transposed, rows, inputs, outputs, x, outputs, w + call.weights, outputs, z)
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
