import Kernels
import Networks

/// Buffers and parallel passes of `Autoencoder`. Rows are cut into blocks of fixed size, each with its own gradient; they
/// are added in order, so that the sum does not depend on the number of threads.
final class AutoencoderScratch: PhasedWork, @unchecked Sendable {
  enum Phase { case gradient, step, errors, codes }

  /// Rows that go through the networks, by pointers that are valid during one call.
  struct Rows {
    /// Of encoder and decoder.
    let parameters: UnsafePointer<Float>
    let scaling: InputScaling
    /// Observations [*, D].
    let observations: UnsafePointer<Float>
    /// Which of them; nil for the first ones.
    let order: UnsafePointer<Int32>?
    let count: Int
  }

  private let encoder: ConvolutionalNetwork
  private let decoder: Perceptron
  private let loss: ReconstructionLoss
  private let blockSize: Int
  private var workers: [Worker] = []
  private var gradients: BlockGradients?
  private var rows: Rows?
  /// Where blocks write their sums of squared errors [blocks], or rows their codes [rows, size].
  private var results: UnsafeMutablePointer<Float>?
  private var update: (parameters: UnsafeMutablePointer<Float>, optimizer: Adam.Step, blocks: Int)?

  /// Scratch of one thread.
  private final class Worker {
    let encoder: ConvolutionalWorkspace
    let decoder: PerceptronWorkspace
    /// Scaled observations [block, D].
    var inputs: Matrix
    /// Gradient with respect to codes [block, size].
    var codeGradient: Matrix

    init(_ encoder: ConvolutionalNetwork, _ decoder: Perceptron, capacity: Int) {
      self.encoder = ConvolutionalWorkspace(for: encoder, capacity: capacity, keepsActivations: true)
      self.decoder = PerceptronWorkspace(for: decoder, capacity: capacity, keepsActivations: true)
      inputs = Matrix(rows: capacity, columns: encoder.inputs)
      codeGradient = Matrix(rows: capacity, columns: encoder.outputs)
    }
  }

  init(_ encoder: ConvolutionalNetwork, _ decoder: Perceptron, loss: ReconstructionLoss) {
    self.encoder = encoder
    self.decoder = decoder
    self.loss = loss
    // a batch of 64 keeps two threads
    blockSize = encoder.front == nil ? 32 : RowBlocks.imageSize
  }

  private func blocks(_ count: Int) -> RowBlocks { RowBlocks(rows: count, size: blockSize) }

  private func makeWorkers() {
    while workers.count < WorkerPool.threads { workers.append(Worker(encoder, decoder, capacity: blockSize)) }
  }

  // MARK: - Passes

  /// The mean gradient of the rows' losses, as parts whose sum `step` takes; returns the sum of their squared errors.
  func gradient(_ rows: Rows) -> Double {
    let needed = blocks(rows.count).count
    if needed > gradientBlocks {
      gradients = BlockGradients(parameters: encoder.layout.count + decoder.layout.count, blocks: needed)
      gradientBlocks = needed
    }
    return squaredErrors(rows, .gradient)
  }

  private var gradientBlocks = 0

  /// A step of `optimizer` by the last gradient, of `count` rows.
  func step(_ parameters: UnsafeMutablePointer<Float>, _ optimizer: Adam.Step, count: Int) {
    update = (parameters, optimizer, blocks(count).count)
    run(.step, shards: gradients?.pieces ?? 0)
    update = nil
  }

  /// The last gradient, of `count` rows.
  func gradientSum(count: Int) -> Vector {
    gradients?.gather(blocks: blocks(count).count)
    return gradients?.sum ?? Vector(count: 0)
  }

  /// The sum of squared differences of reconstructions and scaled observations.
  func squaredErrors(_ rows: Rows) -> Double { squaredErrors(rows, .errors) }

  private func squaredErrors(_ rows: Rows, _ phase: Phase) -> Double {
    makeWorkers()
    let blocks = blocks(rows.count)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: blocks.count) { sums in
      (self.rows, results) = (rows, sums.baseAddress)
      run(phase, shards: blocks.count)
      (self.rows, results) = (nil, nil)
      return sums.reduce(0) { $0 + Double($1) }
    }
  }

  /// Writes the codes [rows, size], each row by itself, to the bit; in parallel where there are many.
  func codes(_ rows: Rows, into codes: UnsafeMutablePointer<Float>) {
    makeWorkers()
    (self.rows, results) = (rows, codes)
    let blocks = blocks(rows.count)
    if blocks.count == 1 { run(.codes, shard: 0, worker: 0) } else { run(.codes, shards: blocks.count) }
    (self.rows, results) = (nil, nil)
  }

  // MARK: - Shards

  func run(_ phase: Phase, shard: Int, worker: Int) {
    if phase == .step {
      guard let update, let gradients else { return }
      gradients.step(
        piece: shard, blocks: update.blocks, update.optimizer, update.parameters, target: nil, tau: 0)
      return
    }
    guard let rows, let results else { return }
    let (worker, range) = (workers[worker], blocks(rows.count)[shard])
    let x = worker.inputs.mutablePointer
    for row in range {
      let source = rows.observations + (rows.order.map { Int($0[row]) } ?? row) * encoder.inputs
      rows.scaling.write(source, into: x + (row - range.lowerBound) * encoder.inputs)
    }
    switch phase {
    case .step: break
    case .codes: writeCodes(rows, x, range, worker, into: results + range.lowerBound * encoder.outputs)
    case .gradient, .errors:
      let gradient = phase == .gradient ? gradients?[shard] : nil
      results[shard] = reconstruct(rows, x, count: range.count, worker, gradient: gradient)
    }
  }

  private func writeCodes(
    _ rows: Rows, _ x: UnsafePointer<Float>, _ range: Range<Int>, _ worker: Worker,
    into codes: UnsafeMutablePointer<Float>
  ) {
    let size = encoder.hasIndependentRows ? blockSize : 1
    RowBlocks.forEach(of: range.count, size: size) { first, count in
      let code = encoder.forward(rows.parameters, x + first * encoder.inputs, rows: count, worker.encoder)
      (codes + first * encoder.outputs).update(from: code, count: count * encoder.outputs)
    }
  }

  /// The squared error of a block's reconstructions, and its share of the mean gradient over all rows.
  private func reconstruct(
    _ rows: Rows, _ x: UnsafePointer<Float>, count: Int, _ worker: Worker, gradient: UnsafeMutablePointer<Float>?
  ) -> Float {
    let code = encoder.forward(rows.parameters, x, rows: count, worker.encoder)
    let decoding = rows.parameters + encoder.layout.count
    let output = decoder.forward(decoding, code, rows: count, worker.decoder)
    let share = 1 / Float(rows.count)
    var sum: Float = 0
    // with either loss the gradient with respect to an output is the difference of the numbers
    for i in 0..<count * encoder.inputs {
      let error = (loss == .crossEntropy ? Scalar.sigmoid(output[i]) : output[i]) - x[i]
      sum += error * error
      output[i] = error * share
    }
    guard let gradient else { return sum }
    let codeGradient = worker.codeGradient.mutablePointer
    decoder.backward(
      decoding, code, rows: count, outputGradient: output, worker.decoder,
      parameterGradient: gradient + encoder.layout.count, inputGradient: codeGradient)
    encoder.backward(
      rows.parameters, x, rows: count, outputGradient: codeGradient, worker.encoder, parameterGradient: gradient)
    return sum
  }
}
