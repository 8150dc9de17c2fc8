import Interfaces
import Kernels
import Networks

extension EnsembleGradients {
  /// Mean squared error of each member on `rows` of the data, in normalized units.
  func errors(_ model: ProbabilisticEnsemble, _ data: EnsembleData, _ rows: [Int32]) -> [Float] {
    let blocks = (rows.count + EnsembleGradients.blockRows - 1) / EnsembleGradients.blockRows
    var sums = [Float](repeating: 0, count: members * blocks)
    let this = Unmanaged.passUnretained(self)
    withExtendedLifetime((model, data)) {
      parameters = UnsafeMutablePointer(mutating: model.networks.parameters.pointer)
      inputs = data.inputs.pointer
      targets = data.targets.pointer
      rows.withUnsafeBufferPointer { rows in
        sums.withUnsafeMutableBufferPointer { sums in
          var job = ScoreJob(owner: this, rows: rows, sums: sums, blocks: blocks)
          withUnsafePointer(to: &job) { WorkerPool.run(shards: members * blocks, ScoreWork(job: $0)) }
        }
      }
    }
    return (0..<members).map { member in
      sums[member * blocks..<(member + 1) * blocks].reduce(0, +) / Float(max(rows.count, 1) * outputs)
    }
  }

  private struct ScoreJob {
    let owner: Unmanaged<EnsembleGradients>
    let rows: UnsafeBufferPointer<Int32>
    let sums: UnsafeMutableBufferPointer<Float>
    let blocks: Int
  }

  private struct ScoreWork: ShardedWork {
    let job: UnsafePointer<ScoreJob>
    func run(shard: Int, worker: Int) {
      let job = self.job.pointee
      let (member, block) = (shard / job.blocks, shard % job.blocks)
      let first = block * EnsembleGradients.blockRows
      let rows = UnsafeBufferPointer(
        rebasing: job.rows[first..<min(first + EnsembleGradients.blockRows, job.rows.count)])
      job.sums[shard] = job.owner._withUnsafeGuaranteedRef { $0.squaredError(member, rows, worker: worker) }
    }
  }

  private func squaredError(_ member: Int, _ rows: UnsafeBufferPointer<Int32>, worker: Int) -> Float {
    guard let parameters, let inputs, let targets else { return 0 }
    let scratch = self.scratch[worker]
    let (x, width) = (scratch.x.mutablePointer, network.inputs)
    for r in rows.indices { (x + r * width).update(from: inputs + Int(rows[r]) * width, count: width) }
    let output = network.forward(parameters + member * network.layout.count, x, rows: rows.count, scratch.workspace)
    var sum: Float = 0
    for r in rows.indices {
      for c in 0..<outputs {
        let error = output[r * 2 * outputs + c] - targets[Int(rows[r]) * outputs + c]
        sum += error * error
      }
    }
    return sum
  }
}
