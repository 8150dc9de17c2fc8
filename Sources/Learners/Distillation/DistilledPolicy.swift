import Archive
import Interfaces
import Kernels
import Networks

/// A network trained to say what teachers say: distillation of ensembles (Hinton, Vinyals and Dean 2015), policy
/// distillation (Rusu et al. 2016), and with features Actor-Mimic (Parisotto, Ba and Salakhutdinov 2016).
///
/// Loss: average of the head's error + featureWeight |f_i(h) - h_i|², with the student's last hidden layer h, that of
/// the row's teacher i, and a linear prediction f_i of its own for each teacher: further outputs of the network.
public struct DistilledPolicy<Head: StudentHead>: PolicyStudent {
  public static var metricNames: [String] { ["distillation_loss", "feature_loss"] }

  let head: Head
  let network: Perceptron
  let featureWeight: Float
  /// Features of a teacher, H.
  public let featureSize: Int
  private let teachers: Int
  private let learningRate: Float
  /// Parameters of the network, flat.
  package var parameters: Vector
  /// Its moments and steps.
  package private(set) var optimizer: Adam
  private var scratch: DistillationScratch<Head>?
  private let acting: PerceptronWorkspace

  /// A fresh student for observations of `observationSize` floats. Where `featureWeight` > 0, it learns the
  /// `featureSize` features of each of `teachers` teachers.
  public init(
    _ settings: StudentSettings, head: Head, observationSize: Int, teachers: Int = 1, featureSize: Int = 0,
    featureWeight: Float = 0, using random: RandomStream
  ) {
    precondition(featureWeight == 0 || featureSize > 0, "no features to learn")
    self.head = head
    self.featureWeight = featureWeight
    self.teachers = teachers
    self.featureSize = featureWeight > 0 ? featureSize : 0
    learningRate = settings.learningRate
    network = Perceptron(
      inputs: observationSize, hidden: settings.hidden, outputs: head.outputs + teachers * self.featureSize,
      activation: settings.activation)
    var stream = random.child("network")
    parameters = network.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: 0.01), using: &stream)
    optimizer = Adam(count: parameters.count)
    acting = PerceptronWorkspace(for: network, capacity: 1, keepsActivations: false)
  }

  public var targetSize: Int { head.outputs }

  public func blend(
    _ outputs: UnsafePointer<Float>, teachers: Int, rows: Int, into targets: UnsafeMutablePointer<Float>
  ) { head.blend(outputs, teachers: teachers, rows: rows, into: targets) }

  public func decide(by target: UnsafePointer<Float>, action: inout [Float]) {
    precondition(action.count == head.actionSize, "action of \(action.count) floats")
    action.withUnsafeMutableBufferPointer { if let action = $0.baseAddress { head.decide(by: target, action: action) } }
  }

  public mutating func act(
    on observation: [Float], explore: Bool, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(
      observation.count == network.inputs && action.count == head.actionSize,
      "\(observation.count) floats of observation and \(action.count) of action")
    observation.withUnsafeBufferPointer { x in
      action.withUnsafeMutableBufferPointer { action in
        guard let x = x.baseAddress, let action = action.baseAddress else { return }
        let row = network.forward(parameters.pointer, x, rows: 1, acting)
        if explore {
          head.explore(by: row, using: &random, action: action)
        } else {
          head.decide(by: row, action: action)
        }
      }
    }
  }

  public mutating func learn(_ lessons: DistillationBatch, metrics: inout MetricRow) throws(NumericalFailure) {
    precondition(
      lessons.observations.columns == network.inputs && lessons.targets.columns == head.outputs
        && lessons.features.columns == featureSize && lessons.count > 0, "lessons of another shape")
    if featureSize > 0 {
      precondition(lessons.teachers.allSatisfy { $0 >= 0 && $0 < teachers }, "a teacher beyond \(teachers)")
    }
    let scratch = reserve(lessons.count)
    let values = parameters.mutablePointer
    let step = optimizer.beginStep(learningRate: learningRate)
    let (loss, features) = scratch.descend(
      network, head, featureWeight: featureWeight, featureSize: featureSize, lessons, values, step)
    guard loss.isFinite else { throw NumericalFailure(metric: "distillation_loss", value: loss) }
    guard features.isFinite else { throw NumericalFailure(metric: "feature_loss", value: features) }
    metrics.record("distillation_loss", loss)
    if featureSize > 0 { metrics.record("feature_loss", features) }
  }

  /// Scratch of this value alone: a copy of the student gets its own at its first step.
  private mutating func reserve(_ rows: Int) -> DistillationScratch<Head> {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = DistillationScratch<Head>(network, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension DistilledPolicy: GuidingStudent where Head == GaussianStudent {
  public var prior: ActorPrior {
    precondition(featureSize == 0, "a prior predicts no features")
    return ActorPrior(network: network, parameters: parameters)
  }
}

extension DistilledPolicy: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("network", &parameters)
    try fields.field("optimizer", &optimizer)
  }
}
