import Kernels

/// Scratch whose work goes through phases, each in shards on the worker pool.
protocol PhasedWork: AnyObject {
  /// Names a phase; at most two words.
  associatedtype Phase

  /// Does one shard of `phase` with the scratch of thread `worker`.
  func run(_ phase: Phase, shard: Int, worker: Int)
}

extension PhasedWork {
  /// Runs shards 0..<count of `phase` and returns when all are done. Allocates nothing.
  func run(_ phase: Phase, shards count: Int) {
    WorkerPool.run(shards: count, PhaseShards(owner: Unmanaged.passUnretained(self), phase: phase))
  }
}

private struct PhaseShards<Owner: PhasedWork>: ShardedWork {
  let owner: Unmanaged<Owner>
  let phase: Owner.Phase

  func run(shard: Int, worker: Int) {
    owner._withUnsafeGuaranteedRef { $0.run(phase, shard: shard, worker: worker) }
  }
}
