import Kernels
import Networks

/// Critics Q_i(s, a), i in 0..<members, of one architecture: their passes over one block of rows. Parameters come as a
/// pointer to those of all members, one after the other, so that critics and their targets go the same ways; `packed`, if
/// given, are each member's.
struct CriticNetworks: Sendable {
  /// Observation and unit action in, value out.
  let network: Perceptron
  /// Number of critics.
  let members: Int
  /// The unit box of actions, in which critics see them.
  let scaling: ActionScaling
  /// Critics, drawn for each update, whose least value is the target; all unless there are more.
  let targets: Int

  /// Floats per observation, D.
  var observationSize: Int { network.inputs - scaling.size }
  /// Floats per action, A.
  var actionSize: Int { scaling.size }
  /// Parameters of all members.
  var parameterCount: Int { members * network.layout.count }

  /// The members that a target takes the least of, a bit each; draws nothing where these are all.
  func drawTargets(using random: inout RandomStream) -> UInt64 {
    guard targets < members else { return .max }
    var drawn: UInt64 = 0
    while drawn.nonzeroBitCount < targets { drawn |= 1 << UInt64(random.index(below: members)) }
    return drawn
  }

  /// Scratch of one thread for one block.
  final class Workspace {
    let passes: [PerceptronWorkspace]
    /// Inputs [rows, D + A].
    var pairs: Matrix
    /// Gradients with respect to the outputs [rows] and to the inputs: of all rows and of one critic's [2, rows, D + A].
    var outputGradients: Vector
    var inputGradients: Vector

    init(_ critics: CriticNetworks, gradients: Bool) {
      passes = (0..<critics.members).map { _ in
        PerceptronWorkspace(for: critics.network, capacity: RowBlocks.size, keepsActivations: gradients)
      }
      pairs = Matrix(rows: RowBlocks.size, columns: critics.network.inputs)
      outputGradients = Vector(count: gradients ? RowBlocks.size : 0)
      inputGradients = Vector(count: gradients ? 2 * RowBlocks.size * critics.network.inputs : 0)
    }
  }

  /// The critics' inputs [rows, D + A], left in the workspace; the actions may be filled in later.
  func pair(
    _ observations: UnsafePointer<Float>, unitActions: UnsafePointer<Float>? = nil, rows: Int, _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    let (x, width) = (workspace.pairs.mutablePointer, network.inputs)
    let (observationSize, actionSize) = (observationSize, actionSize)
    for r in 0..<rows {
      for c in 0..<observationSize { x[r * width + c] = observations[r * observationSize + c] }
      if let unitActions {
        for c in 0..<actionSize { x[r * width + observationSize + c] = unitActions[r * actionSize + c] }
      }
    }
    return x
  }

  /// The same with actions in the environment's units.
  func pair(
    _ observations: UnsafePointer<Float>, actions: UnsafePointer<Float>, rows: Int, _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    let x = pair(observations, rows: rows, workspace)
    scaling.toUnit(actions, rows: rows, into: x + observationSize, stride: network.inputs)
    return x
  }

  /// min_i Q_i [rows] of inputs `x` over the members whose bits are set.
  func least(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    among subset: UInt64 = .max, dropout: RandomStream? = nil, packed: [PackedWeights] = [], _ workspace: Workspace
  ) {
    var isFirst = true
    for member in 0..<members where subset >> UInt64(member) & 1 == 1 {
      let q = network.forward(
        parameters + member * network.layout.count, x, rows: rows, workspace.passes[member],
        packed: packed.isEmpty ? nil : packed[member], dropout: dropout?.child(member))
      if isFirst {
        values.update(from: q, count: rows)
        isFirst = false
      } else {
        for r in 0..<rows { values[r] = min(values[r], q[r]) }
      }
    }
  }

  /// min_i Q_i [rows] over the first `count` critics, and `scale` times its gradient by the inputs [rows, D + A], which goes
  /// through the smallest critic alone, so each critic's backward pass is of its own rows; the result is in the workspace
  /// until its next use.
  func leastAndGradient(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, among count: Int, scale: Float,
    dropout: RandomStream? = nil, packed: [PackedWeights] = [], into values: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    let inputGradients = workspace.inputGradients.mutablePointer
    let (width, own) = (network.inputs, inputGradients + rows * network.inputs)
    workspace.outputGradients.mutablePointer.update(repeating: scale, count: rows)
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * rows) { buffer in
      guard let least = buffer.baseAddress else { return }
      let places = least + rows
      for member in 0..<count {
        let q = network.forward(
          parameters + member * network.layout.count, x, rows: rows, workspace.passes[member],
          packed: packed.isEmpty ? nil : packed[member], dropout: dropout?.child(member))
        for r in 0..<rows where member == 0 || !(values[r] <= q[r]) {
          values[r] = q[r]
          least[r] = Int32(member)
        }
      }
      for member in 0..<count {
        var taken = 0
        for r in 0..<rows where least[r] == member {
          places[taken] = Int32(r)
          taken += 1
        }
        guard taken > 0 else { continue }
        let pass = workspace.passes[member]
        network.keep(UnsafeBufferPointer(start: places, count: taken), of: pass)
        network.backward(
          parameters + member * network.layout.count, x, rows: taken,
          outputGradient: workspace.outputGradients.pointer, pass, parameterGradient: nil, inputGradient: own,
          packed: packed.isEmpty ? nil : packed[member])
        for k in 0..<taken {
          (inputGradients + Int(places[k]) * width).update(from: own + k * width, count: width)
        }
      }
    }
    return inputGradients
  }

  /// The critics' average value [rows], and `scale` times its gradient by the inputs [rows, D + A], which is in the workspace
  /// until its next use.
  func meanAndGradient(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, scale: Float,
    dropout: RandomStream? = nil, packed: [PackedWeights] = [], into values: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    let inputGradients = workspace.inputGradients.mutablePointer
    let own = inputGradients + rows * network.inputs
    let each = 1 / Float(members)
    workspace.outputGradients.mutablePointer.update(repeating: scale * each, count: rows)
    for member in 0..<members {
      let (place, pass) = (parameters + member * network.layout.count, workspace.passes[member])
      let packed = packed.isEmpty ? nil : packed[member]
      let q = network.forward(place, x, rows: rows, pass, packed: packed, dropout: dropout?.child(member))
      for r in 0..<rows { values[r] = (member == 0 ? 0 : values[r]) + each * q[r] }
      network.backward(
        place, x, rows: rows, outputGradient: workspace.outputGradients.pointer, pass, parameterGradient: nil,
        inputGradient: member == 0 ? inputGradients : own, packed: packed)
      if member > 0 { Elementwise.add(inputGradients, own, count: rows * network.inputs) }
    }
    return inputGradients
  }

  /// Loss sum over rows and critics of weight * 1/2 (Q_i - y)^2 at inputs `x`, sum over rows of the critics' average
  /// value, and the gradient of `share` times the loss, written to `gradients` [members, parameters]. `push` is added to each
  /// row's derivative by Q_i.
  func regress(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, targets y: UnsafePointer<Float>,
    weights: UnsafePointer<Float>?, rows: Int, share: Float, gradients: UnsafeMutablePointer<Float>,
    dropout: RandomStream? = nil, push: Float = 0, packed: [PackedWeights] = [], _ workspace: Workspace
  ) -> (loss: Float, value: Float) {
    var (loss, value) = (Float(0), Float(0))
    let each = 1 / Float(members)
    for member in 0..<members {
      let place = member * network.layout.count
      let packed = packed.isEmpty ? nil : packed[member]
      let q = network.forward(
        parameters + place, x, rows: rows, workspace.passes[member], packed: packed, dropout: dropout?.child(member))
      for r in 0..<rows {
        let error = q[r] - y[r]
        let weight = weights.map { $0[r] } ?? 1
        loss += weight * (0.5 * error * error)
        value += each * q[r]
        q[r] = weight * (error * share) + push
      }
      network.backward(
        parameters + place, x, rows: rows, outputGradient: q, workspace.passes[member],
        parameterGradient: gradients + place, packed: packed)
    }
    return (loss, value)
  }
}
