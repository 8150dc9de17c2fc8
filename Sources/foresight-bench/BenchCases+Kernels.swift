import Catalog
import Interfaces
import Kernels
import Laboratory

extension BenchCase {
  /// Square products, one on each thread.
  static let gemm = BenchCase(
    name: "gemm", summary: "256x256x256 products on all threads, by our tiles, beside OpenBLAS"
  ) { clock in
    let products = SquareProducts(order: 256, repeats: 64)
    return clock.measure(
      "gemm", metric: "gflop", unit: "GFLOP/s", amount: products.flops / 1e9,
      libraryLimit: { products.run(byLibrary: true) }
    ) { products.run(byLibrary: false) }
  }

  /// Steps of a native environment under actions drawn beforehand, resets included.
  static func environmentStep(_ name: String) -> BenchCase {
    BenchCase(name: "env-step-\(name)", summary: "steps of \(name) with random actions, one thread, resets included") {
      clock in
      let instance = try Catalog.registry.environment(name).make()
      var environment = instance.environment
      let spec = environment.spec
      var random = RandomStream(seed: 0)
      let (low, high) = spec.action.bounds
      let actions: [[Float]] = (0..<1000).map { _ in
        if case .discrete(let count) = spec.action { return [Float(random.index(below: count))] }
        return (0..<spec.action.size).map { random.uniform(low[$0], high[$0]) }
      }
      var observation = [Float](repeating: 0, count: spec.observationSize)
      try environment.reset(using: &random, observation: &observation)
      return try clock.measure("env-step-\(name)", metric: "steps", unit: "steps/s", amount: 10_000) {
        for _ in 0..<10 {
          for action in actions {
            if try environment.step(action, observation: &observation).ending != .none {
              try environment.reset(using: &random, observation: &observation)
            }
          }
        }
      }
    }
  }
}

extension BenchCase {
  /// Steps of 64 copies of an environment on all threads, resets included.
  static func vectorStep(_ name: String, copies: Int = 64) -> BenchCase {
    BenchCase(
      name: "vector-step-\(name)", summary: "steps of \(copies) copies of \(name) with random actions, resets included"
    ) { clock in
      var vector = try Catalog.registry.environment(name).make().makeVector(count: copies)
      let space = vector.spec.action
      let (low, high) = space.bounds
      var random = RandomStream(seed: 0)
      var actions = Matrix(rows: copies, columns: space.size)
      for row in 0..<copies {
        for column in 0..<space.size {
          let drawn = random.uniform(low[column], high[column])
          if case .box = space { actions[row, column] = drawn } else { actions[row, column] = drawn.rounded() }
        }
      }
      try vector.reset(using: random)
      let steps = 100
      return try clock.measure(
        "vector-step-\(name)", metric: "steps", unit: "steps/s", amount: Double(steps * copies)
      ) {
        for _ in 0..<steps { try vector.step(actions) }
      }
    }
  }
}

/// The same square product several times on every thread.
private final class SquareProducts {
  private let order: Int
  private let repeats: Int
  private var blocks: [Matrix]

  init(order: Int, repeats: Int) {
    self.order = order
    self.repeats = repeats
    var random = RandomStream(seed: 3)
    blocks = (0..<3 * WorkerPool.threads).map { _ in
      var matrix = Matrix(rows: order, columns: order)
      random.fillNormal(matrix.mutablePointer, count: matrix.count)
      return matrix
    }
  }

  /// Floating-point operations of `run`.
  var flops: Double { 2 * Double(order * order * order * repeats * WorkerPool.threads) }

  func run(byLibrary: Bool) {
    WorkerPool.run(
      shards: WorkerPool.threads, Work(owner: Unmanaged.passUnretained(self), usesLibrary: byLibrary))
  }

  private struct Work: ShardedWork {
    let owner: Unmanaged<SquareProducts>
    let usesLibrary: Bool
    func run(shard: Int, worker: Int) {
      owner._withUnsafeGuaranteedRef { owner in
        let (a, b) = (owner.blocks[3 * shard].pointer, owner.blocks[3 * shard + 1].pointer)
        let c = UnsafeMutablePointer(mutating: owner.blocks[3 * shard + 2].pointer)
        let n = owner.order
        for _ in 0..<owner.repeats {
          if usesLibrary {
            BLAS.multiply(.none, .none, m: n, n: n, k: n, a, lda: n, b, ldb: n, c, ldc: n)
          } else {
            Kernels.gemm(.none, .none, m: n, n: n, k: n, a, lda: n, b, ldb: n, c, ldc: n)
          }
        }
      }
    }
  }
}
