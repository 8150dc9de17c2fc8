import Kernels
import Networks

/// Finds the action of the greatest value of a critic, max over a of Q(s, a), by trying many: the critic sees the candidates
/// of several states in one product. Actions are in the unit box.
///
/// - `uniform`: iterations * samples candidates, uniform in the box.
/// - `cem` (Kalashnikov et al. 2018, section 4.2): candidates from a normal distribution of independent components,
///   clipped to the box, which is refitted to the elites.
/// - `cma_es`: `CovarianceAdaptation`.
///
/// The result is the best candidate of all iterations with its value. A value that is not finite never wins; where none is
/// finite the result is the middle of the box and a value of NaN. Cost: iterations * samples forward passes a state.
struct ActionSearch: Sendable {
  /// Rows of a product, about.
  private static let rowsPerPass = 512

  let settings: ActionSearchSettings
  /// Observation and unit action in, a number that rises with the value out.
  let network: Perceptron
  /// Floats per action, A.
  let size: Int
  private let adaptation: CovarianceAdaptation?

  init(_ settings: ActionSearchSettings, network: Perceptron, actionSize: Int) {
    self.settings = settings
    self.network = network
    size = actionSize
    adaptation =
      settings.method == .cmaES
      ? CovarianceAdaptation(dimension: actionSize, population: settings.samples) : nil
  }

  /// Floats per observation, D.
  var observationSize: Int { network.inputs - size }

  /// States of a search, S: the unit of parallel work, whatever the number of threads.
  var statesPerPass: Int { max(1, ActionSearch.rowsPerPass / settings.samples) }

  /// Scratch of one thread.
  final class Workspace {
    let pass: PerceptronWorkspace
    /// Inputs [S * samples, D + A].
    var pairs: Matrix
    /// Candidates [S, samples, A], and the normal numbers that CMA-ES made them of.
    var candidates: Vector
    var draws: Vector
    /// Mean and deviation [S, A].
    var mean: Matrix
    var deviation: Matrix
    /// Actions found [S, A] and their values [S].
    var actions: Matrix
    var values: Vector
    var order: [Int32]
    var streams: [RandomStream]
    /// Searches by CMA-ES [S, state], then scratch.
    var states: [Double]

    init(_ search: ActionSearch) {
      let (states, samples, size) = (search.statesPerPass, search.settings.samples, search.size)
      let rows = states * samples
      pass = PerceptronWorkspace(for: search.network, capacity: rows, keepsActivations: false)
      pairs = Matrix(rows: rows, columns: search.network.inputs)
      candidates = Vector(count: rows * size)
      draws = Vector(count: search.adaptation == nil ? 0 : rows * size)
      mean = Matrix(rows: states, columns: size)
      deviation = mean
      actions = mean
      values = Vector(count: states)
      order = Array(repeating: 0, count: samples)
      streams = Array(repeating: RandomStream(seed: 0), count: states)
      let doubles = search.adaptation.map { $0.stateCount * states + $0.scratchCount } ?? 0
      self.states = Array(repeating: 0, count: doubles)
    }
  }

  /// Searches at `observations` [rows, D] of at most `statesPerPass` states, leaving actions and values in the workspace.
  /// State r draws from `stream(r)`. The result of a state depends in the last bits on how many states pass together.
  func run(
    _ parameters: UnsafePointer<Float>, _ observations: UnsafePointer<Float>, rows: Int, _ workspace: Workspace,
    stream: (_ row: Int) -> RandomStream
  ) {
    precondition(rows <= statesPerPass, "\(rows) states in a pass of \(statesPerPass)")
    let (samples, width) = (settings.samples, network.inputs)
    let x = workspace.pairs.mutablePointer
    for r in 0..<rows {
      workspace.streams[r] = stream(r)
      for k in 0..<samples {
        (x + (r * samples + k) * width).update(from: observations + r * observationSize, count: observationSize)
      }
    }
    start(rows, workspace)
    for iteration in 0..<settings.iterations {
      let candidates = workspace.candidates.mutablePointer
      for r in 0..<rows {
        draw(r, into: candidates + r * samples * size, workspace)
        for k in 0..<samples {
          (x + (r * samples + k) * width + observationSize)
            .update(from: candidates + (r * samples + k) * size, count: size)
        }
      }
      let q = network.forward(parameters, x, rows: rows * samples, workspace.pass)
      for r in 0..<rows {
        keepBest(r, candidates + r * samples * size, q + r * samples, workspace)
        if iteration + 1 < settings.iterations {
          refit(r, candidates + r * samples * size, q + r * samples, workspace)
        }
      }
    }
  }

  private func start(_ rows: Int, _ workspace: Workspace) {
    workspace.actions.fill(0)
    workspace.values.fill(.nan)
    switch settings.method {
    case .uniform: break
    case .cem:
      workspace.mean.fill(0)
      workspace.deviation.fill(settings.spread)
    case .cmaES:
      guard let adaptation else { return }
      workspace.states.withUnsafeMutableBufferPointer {
        guard let states = $0.baseAddress else { return }
        for r in 0..<rows {
          adaptation.start(states + r * adaptation.stateCount, deviation: Double(settings.spread))
        }
      }
    }
  }

  /// The candidates [samples, A] of state `row`.
  private func draw(_ row: Int, into candidates: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    let count = settings.samples * size
    switch settings.method {
    case .uniform: workspace.streams[row].fillUniform(candidates, count: count, low: -1, high: 1)
    case .cem:
      workspace.streams[row].fillNormal(candidates, count: count)
      let (mean, deviation) = (workspace.mean.pointer + row * size, workspace.deviation.pointer + row * size)
      for k in 0..<settings.samples {
        for c in 0..<size {
          candidates[k * size + c] = ActionScaling.clipToUnit(mean[c] + deviation[c] * candidates[k * size + c])
        }
      }
    case .cmaES:
      guard let adaptation else { return }
      let draws = workspace.draws.mutablePointer + row * count
      workspace.streams[row].fillNormal(draws, count: count)
      workspace.states.withUnsafeBufferPointer {
        guard let states = $0.baseAddress else { return }
        adaptation.draw(states + row * adaptation.stateCount, noise: draws, into: candidates)
      }
    }
  }

  private func keepBest(
    _ row: Int, _ candidates: UnsafePointer<Float>, _ q: UnsafePointer<Float>, _ workspace: Workspace
  ) {
    let (values, action) = (workspace.values.mutablePointer, workspace.actions.mutablePointer + row * size)
    for k in 0..<settings.samples where q[k].isFinite && !(values[row] >= q[k]) {
      values[row] = q[k]
      action.update(from: candidates + k * size, count: size)
    }
  }

  /// Moves the distribution of state `row` to its candidates of great value.
  private func refit(
    _ row: Int, _ candidates: UnsafePointer<Float>, _ q: UnsafePointer<Float>, _ workspace: Workspace
  ) {
    workspace.order.withUnsafeMutableBufferPointer { order in
      guard let order = order.baseAddress else { return }
      switch settings.method {
      case .uniform: break
      case .cem:
        CovarianceAdaptation.rank(q, count: settings.samples, order: order)
        var kept = 0
        while kept < settings.elites && q[Int(order[kept])].isFinite { kept += 1 }
        guard kept > 0 else { return }
        let (mean, deviation) = (
          workspace.mean.mutablePointer + row * size, workspace.deviation.mutablePointer + row * size
        )
        let share = 1 / Float(kept)
        for c in 0..<size {
          var (sum, squares) = (Float(0), Float(0))
          for index in 0..<kept { sum += candidates[Int(order[index]) * size + c] }
          let center = sum * share
          for index in 0..<kept {
            let gap = candidates[Int(order[index]) * size + c] - center
            squares += gap * gap
          }
          mean[c] = center
          deviation[c] = (squares * share).squareRoot()
        }
      case .cmaES:
        guard let adaptation else { return }
        workspace.states.withUnsafeMutableBufferPointer {
          guard let states = $0.baseAddress else { return }
          adaptation.adapt(
            states + row * adaptation.stateCount, noise: workspace.draws.pointer + row * settings.samples * size,
            values: q, order: order, scratch: states + statesPerPass * adaptation.stateCount)
        }
      }
    }
  }

  /// The stream that belongs to an observation [D] alone: what is decided there without exploration is a function of it.
  func stream(of observation: UnsafePointer<Float>, from base: RandomStream) -> RandomStream {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a over words
    for c in 0..<observationSize { hash = (hash ^ UInt64(observation[c].bitPattern)) &* 0x100_0000_01B3 }
    return base.child(Int(truncatingIfNeeded: hash))
  }
}
