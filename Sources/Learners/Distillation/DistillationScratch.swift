import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of a student's step. Rows are cut into blocks of fixed size, each with its own gradient.
final class DistillationScratch<Head: StudentHead>: PhasedWork {
  enum Phase { case gradient, step }

  private let capacity: Int
  private let workers: [PerceptronWorkspace]
  private let gradients: BlockGradients
  private var sums: Vector  // [blocks, 2]: the head's error and the features'
  private var descent: Descent?

  /// A step under way.
  private struct Descent {
    let network: Perceptron
    let head: Head
    let blocks: RowBlocks
    let observations: UnsafePointer<Float>
    let targets: UnsafePointer<Float>
    let features: UnsafePointer<Float>
    let teachers: UnsafePointer<Int>
    let featureWeight: Float
    let featureSize: Int
    let parameters: UnsafeMutablePointer<Float>
    let step: Adam.Step
  }

  init(_ network: Perceptron, rows: Int) {
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in
      PerceptronWorkspace(for: network, capacity: RowBlocks.size, keepsActivations: true)
    }
    let blocks = RowBlocks(rows: rows).count
    gradients = BlockGradients(parameters: network.layout.count, blocks: blocks)
    sums = Vector(count: 2 * blocks)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// One step; means over the rows of the errors.
  func descend(
    _ network: Perceptron, _ head: Head, featureWeight: Float, featureSize: Int, _ lessons: DistillationBatch,
    _ parameters: UnsafeMutablePointer<Float>, _ step: Adam.Step
  ) -> (loss: Float, features: Float) {
    let blocks = RowBlocks(rows: lessons.count)
    lessons.teachers.withUnsafeBufferPointer { teachers in
      guard let teachers = teachers.baseAddress else { return }
      descent = Descent(
        network: network, head: head, blocks: blocks, observations: lessons.observations.pointer,
        targets: lessons.targets.pointer, features: lessons.features.pointer, teachers: teachers,
        featureWeight: featureWeight, featureSize: featureSize, parameters: parameters, step: step)
      run(.gradient, shards: blocks.count)
      run(.step, shards: gradients.pieces)
    }
    descent = nil
    let share = 1 / Float(lessons.count)
    var (loss, features) = (Float(0), Float(0))
    for block in 0..<blocks.count {
      loss += sums.pointer[2 * block] * share
      features += sums.pointer[2 * block + 1] * share
    }
    return (loss, features)
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let descent else { return }
    switch phase {
    case .gradient: gradient(descent, block: shard, workers[worker])
    case .step:
      gradients.step(
        piece: shard, blocks: descent.blocks.count, descent.step, descent.parameters, target: nil, tau: 0)
    }
  }

  private func gradient(_ descent: Descent, block: Int, _ workspace: PerceptronWorkspace) {
    let (network, head, range) = (descent.network, descent.head, descent.blocks[block])
    let (first, share) = (range.lowerBound, 1 / Float(descent.blocks.rows))
    let x = descent.observations + first * network.inputs
    let output = network.forward(descent.parameters, x, rows: range.count, workspace)
    sums.mutablePointer[2 * block] = head.regress(
      output, stride: network.outputs, targets: descent.targets + first * head.outputs, rows: range.count,
      share: share)
    sums.mutablePointer[2 * block + 1] = featureGradient(descent, range, output, share: share)
    network.backward(
      descent.parameters, x, rows: range.count, outputGradient: output, workspace, parameterGradient: gradients[block])
  }

  /// Overwrites the predictions of features by their gradient, 0 but for those of each row's teacher, and returns the
  /// sum of the squared errors.
  private func featureGradient(
    _ descent: Descent, _ range: Range<Int>, _ output: UnsafeMutablePointer<Float>, share: Float
  ) -> Float {
    let (width, size, stride) = (descent.head.outputs, descent.featureSize, descent.network.outputs)
    guard size > 0 else { return 0 }
    var total: Float = 0
    for r in range {
      let row = output + (r - range.lowerBound) * stride
      let (own, wanted) = (width + descent.teachers[r] * size, descent.features + r * size)
      for c in width..<own { row[c] = 0 }
      for c in own + size..<stride { row[c] = 0 }
      for c in 0..<size {
        let error = row[own + c] - wanted[c]
        total += error * error
        row[own + c] = descent.featureWeight * share * 2 * error
      }
    }
    return total
  }
}
