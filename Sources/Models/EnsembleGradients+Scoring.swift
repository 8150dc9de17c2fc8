import Interfaces
import Kernels
import Networks

extension EnsembleGradients {
  /// Losses of each member on `rows` of the data.
  func scores(_ model: ProbabilisticEnsemble, _ data: EnsembleData, _ rows: [Int32]) -> [EnsembleLoss] {
    prepareScratch()
    let blocks = (rows.count + EnsembleGradients.blockRows - 1) / EnsembleGradients.blockRows
    var sums = [EnsembleLoss](repeating: EnsembleLoss(), count: members * blocks)
    let this = Unmanaged.passUnretained(self)
    withExtendedLifetime((model, data)) {
      parameters = UnsafeMutablePointer(mutating: model.networks.parameters.pointer)
      terminatorParameters = (model.terminators?.parameters.pointer).map { UnsafeMutablePointer(mutating: $0) }
      bounds = UnsafeMutablePointer(mutating: model.bounds.pointer)
      inputs = data.inputs.pointer
      targets = data.targets.pointer
      terminations = model.learnsTermination ? data.terminations.pointer : nil
      rows.withUnsafeBufferPointer { rows in
        sums.withUnsafeMutableBufferPointer { sums in
          var job = ScoreJob(owner: this, rows: rows, sums: sums, blocks: blocks)
          withUnsafePointer(to: &job) { WorkerPool.run(shards: members * blocks, ScoreWork(job: $0)) }
        }
      }
    }
    return (0..<members).map { member in
      sums[member * blocks..<(member + 1) * blocks].reduce(EnsembleLoss(), +)
    }
  }

  private struct ScoreJob {
    let owner: Unmanaged<EnsembleGradients>
    let rows: UnsafeBufferPointer<Int32>
    let sums: UnsafeMutableBufferPointer<EnsembleLoss>
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
      job.sums[shard] = job.owner._withUnsafeGuaranteedRef {
        $0.loss(member, rows, of: job.rows.count, worker: worker)
      }
    }
  }

  /// What `rows` of altogether `count` rows add to the losses of a member.
  private func loss(_ member: Int, _ rows: UnsafeBufferPointer<Int32>, of count: Int, worker: Int) -> EnsembleLoss {
    guard let parameters, let inputs, let targets else { return EnsembleLoss() }
    let scratch = self.scratch[worker]
    guard let indices = rows.baseAddress else { return EnsembleLoss() }
    let x = scratch.x.mutablePointer
    Elementwise.gather(indices, count: rows.count, of: inputs, width: network.inputs, into: x)
    Elementwise.gather(indices, count: rows.count, of: targets, width: outputs, into: scratch.y.mutablePointer)
    if let terminations {
      let ends = scratch.ends.mutablePointer
      for r in rows.indices { ends[r] = terminations[Int(rows[r])] }
    }
    let output = network.forward(parameters + member * network.layout.count, x, rows: rows.count, scratch.workspace)
    var loss = lossAndGradient(member, output, rows: rows.count, of: count, scratch)
    loss.termination = terminationLoss(member, rows: rows.count, of: count, scratch)
    return loss
  }
}
