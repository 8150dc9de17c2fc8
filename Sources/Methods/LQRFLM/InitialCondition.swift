import Archive
import Control
import Interfaces
import Kernels

/// One initial condition with its controller and the trajectories collected under it.
struct InitialCondition: Sendable {
  /// The controller in use.
  private(set) var controller: TimedLinearGaussian
  /// Planned actions, [T, m], of the controller's expected trajectory; empty before the first update.
  private(set) var plan: [Double] = []
  /// Cholesky factors of the controller's covariances, [T, m, m].
  private(set) var factors: [Double] = []
  /// Trajectories since the last update.
  var samples: [SampledTrajectory] = []
  /// The multiplier that the last update found: where the next search starts.
  var eta = 1.0
  var rule = StepSizeRule()
  /// Expected costs in the last fit: of the controller before the last update and, as predicted, of that after it.
  var expectedImprovement: (before: Double, predicted: Double)?

  init(_ controller: TimedLinearGaussian) {
    self.controller = controller
    factorize()
  }

  /// Uses `controller` from now on, whose expected trajectory is `distribution`.
  mutating func adopt(_ controller: TimedLinearGaussian, _ distribution: TrajectoryDistribution) {
    let (n, m) = (controller.inputSize, controller.outputSize)
    self.controller = controller
    plan = (0..<controller.count * m).map { distribution.means[$0 / m * (n + m) + n + $0 % m] }
    factorize()
  }

  private mutating func factorize() {
    let m = controller.outputSize
    factors = Array(repeating: 0, count: controller.covariances.count)
    for t in 0..<controller.count {
      let range = t * m * m..<(t + 1) * m * m
      // without noise where there is no factor
      guard let factor = try? DoubleMatrix(rows: m, columns: m, Array(controller.covariances[range])).cholesky() else {
        continue
      }
      factors.replaceSubrange(range, with: factor.elements)
    }
  }

  /// Writes the action [m] at step `t` in `state` [n]. Does not allocate.
  func act(
    _ t: Int, _ state: UnsafePointer<Double>, _ mode: ControllerMode, using random: inout RandomStream,
    into action: UnsafeMutablePointer<Double>
  ) {
    let m = controller.outputSize
    let t = min(t, controller.count - 1)
    if mode == .openLoop, !plan.isEmpty {
      for i in 0..<m { action[i] = plan[t * m + i] }
    } else {
      controller.writeMean(t, state, into: action)
    }
    guard mode == .gaussian else { return }
    for j in 0..<m {
      let noise = Double(random.normal())
      for i in j..<m { action[i] += factors[(t * m + i) * m + j] * noise }
    }
  }
}

extension InitialCondition: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("gains", controller.matrices)
    writer.write("offsets", controller.offsets)
    writer.write("covariances", controller.covariances)
    writer.write("plan", plan)
    writer.write("states", samples.flatMap(\.states))
    writer.write("actions", samples.flatMap(\.actions))
    writer.write(
      "numbers", [eta, rule.multiple, expectedImprovement?.before ?? .nan, expectedImprovement?.predicted ?? .nan])
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    controller.matrices = try reader.read("gains", shape: [controller.matrices.count])
    controller.offsets = try reader.read("offsets", shape: [controller.offsets.count])
    controller.covariances = try reader.read("covariances", shape: [controller.covariances.count])
    factorize()
    plan = try reader.read("plan")
    let (states, actions) = (try reader.read("states", as: Double.self), try reader.read("actions", as: Double.self))
    let empty = SampledTrajectory(
      horizon: controller.count, stateSize: controller.inputSize, actionSize: controller.outputSize)
    let (width, breadth) = (empty.states.count, empty.actions.count)
    guard states.count % width == 0, actions.count == states.count / width * breadth,
      plan.isEmpty || plan.count == controller.offsets.count
    else { throw .mismatch(name: "states", expected: "whole trajectories", found: "\(states.count) numbers") }
    samples = (0..<states.count / width).map { index in
      var sample = empty
      sample.states = Array(states[index * width..<(index + 1) * width])
      sample.actions = Array(actions[index * breadth..<(index + 1) * breadth])
      return sample
    }
    let numbers = try reader.read("numbers", as: Double.self, shape: [4])
    (eta, rule.multiple) = (numbers[0], numbers[1])
    expectedImprovement = numbers[2].isNaN ? nil : (numbers[2], numbers[3])
  }
}
