import Kernels
import Networks

/// Buffers and parallel passes of `NeuralRegression`. Rows are cut into blocks of fixed size, each with its own
/// gradient; they are added in order, so that the sum does not depend on the number of threads.
final class NeuralRegressionScratch: PhasedWork, @unchecked Sendable {
  enum Phase { case gradient, values }

  private let network: Perceptron
  private let actions: Int
  private var workers: [Worker] = []
  private var (gradients, losses): (Vector, Vector) = (Vector(count: 0), Vector(count: 0))
  private var fit: Fit?
  private var question: ((_ block: Int, Worker) -> Void)?

  /// Scratch of one thread.
  private final class Worker {
    let workspace: PerceptronWorkspace
    /// Of one observation with every action, [A, inputs].
    var inputs: Matrix
    let question: PerceptronWorkspace

    init(_ network: Perceptron, actions: Int) {
      workspace = PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: true)
      question = PerceptronWorkspace(for: network, capacity: actions, keepsActivations: false)
      inputs = Matrix(rows: actions, columns: network.inputs)
    }
  }

  /// A gradient under way.
  private struct Fit {
    let blocks: RowBlocks
    let parameters: UnsafePointer<Float>
    let inputs: UnsafePointer<Float>
    let targets: UnsafePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Float>
  }

  init(_ network: Perceptron, actions: Int) {
    self.network = network
    self.actions = actions
  }

  private func makeWorkers() {
    while workers.count < WorkerPool.threads { workers.append(Worker(network, actions: actions)) }
  }

  /// The gradient of the mean of 1/2 (f(x) - y)^2 over all rows, and the loss.
  func gradient(
    _ network: Perceptron, _ parameters: Vector, _ inputs: Matrix, _ targets: Vector, into gradient: inout Vector
  ) -> Float {
    makeWorkers()
    let (blocks, size) = (RowBlocks(rows: targets.count), parameters.count)
    if losses.count < blocks.count {
      (gradients, losses) = (Vector(count: blocks.count * size), Vector(count: blocks.count))
    }
    let (parts, sums) = (gradients.mutablePointer, losses.mutablePointer)
    fit = Fit(
      blocks: blocks, parameters: parameters.pointer, inputs: inputs.pointer, targets: targets.pointer,
      gradients: parts, losses: sums)
    defer { fit = nil }
    run(.gradient, shards: blocks.count)
    let total = gradient.mutablePointer
    total.update(from: parts, count: size)
    var loss = sums[0]
    for block in 1..<max(blocks.count, 1) {
      Elementwise.add(total, parts + block * size, count: size)
      loss += sums[block]
    }
    return loss
  }

  /// Calls `body` with each of `count` rows, scratch for A inputs and a workspace for them; in parallel where there are
  /// many.
  func values(
    count: Int,
    _ body: (_ row: Int, _ inputs: UnsafeMutablePointer<Float>, _ workspace: PerceptronWorkspace) -> Void
  ) {
    makeWorkers()
    guard count > RowBlocks.size else {
      let worker = workers[0]
      let inputs = worker.inputs.mutablePointer
      for row in 0..<count { body(row, inputs, worker.question) }
      return
    }
    let blocks = RowBlocks(rows: count)
    withoutActuallyEscaping(body) { body in
      question = { block, worker in
        let inputs = worker.inputs.mutablePointer
        for row in blocks[block] { body(row, inputs, worker.question) }
      }
      run(.values, shards: blocks.count)
      question = nil
    }
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    switch phase {
    case .values: question?(shard, workers[worker])
    case .gradient: if let fit { gradient(fit, block: shard, workers[worker].workspace) }
    }
  }

  private func gradient(_ fit: Fit, block: Int, _ workspace: PerceptronWorkspace) {
    let range = fit.blocks[block]
    let x = fit.inputs + range.lowerBound * network.inputs
    let output = network.forward(fit.parameters, x, rows: range.count, workspace)
    let share = 1 / Float(fit.blocks.rows)
    var loss: Float = 0
    for row in 0..<range.count {
      let error = output[row] - fit.targets[range.lowerBound + row]
      loss += error * error * share / 2
      output[row] = error * share
    }
    fit.losses[block] = loss
    network.backward(
      fit.parameters, x, rows: range.count, outputGradient: output, workspace,
      parameterGradient: fit.gradients + block * network.layout.count)
  }
}
