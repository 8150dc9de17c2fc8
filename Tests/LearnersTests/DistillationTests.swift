import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Students and what they are taught.
@Suite struct DistillationTests {
  private static func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 5).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  private static func settings(
    _ kind: DistillationLoss, temperature: Float = 1, featureWeight: Float = 0
  ) -> DistillationSettings {
    var settings = DistillationSettings()
    (settings.kind, settings.temperature, settings.featureWeight) = (kind, temperature, featureWeight)
    return settings
  }

  private static func blend(_ head: some StudentHead, _ teacherOutputs: [Float], teachers: Int) -> [Float] {
    var targets = [Float](repeating: .nan, count: teacherOutputs.count / teachers)
    head.blend(teacherOutputs, teachers: teachers, rows: targets.count / head.outputs, into: &targets)
    return targets
  }

  // MARK: - What teachers say together

  /// The average of the teachers' softmax(Q / T), by the definition in double precision.
  @Test(arguments: [Float(0.01), 1, 5]) func ensemblesOfValuesAreAveragedAtTheirTemperature(_ temperature: Float) {
    let (teachers, rows, count) = (3, 6, 4)
    let teacherOutputs = Self.drawn(teachers * rows * count, "values")
    let head = CategoricalStudent(actions: count, Self.settings(.divergence, temperature: temperature))
    let found = Self.blend(head, teacherOutputs, teachers: teachers)
    for r in 0..<rows {
      for k in 0..<count {
        var expected = 0.0
        for b in 0..<teachers {
          let row = teacherOutputs[(b * rows + r) * count..<(b * rows + r + 1) * count].map {
            Double($0) / Double(temperature)
          }
          let highest = row.max() ?? 0
          expected += exp(row[k] - highest) / row.reduce(0) { $0 + exp($1 - highest) } / Double(teachers)
        }
        #expect(abs(Double(found[r * count + k]) - expected) < 1e-5)
      }
    }
  }

  @Test func otherErrorsAskForTheAverageAndForItsBestAction() {
    let teacherOutputs: [Float] = [1, 3, 0, 0, 1, 9, 3, 1, 0, 0, 0, 1]
    let values = Self.blend(CategoricalStudent(actions: 3, Self.settings(.squaredError)), teacherOutputs, teachers: 2)
    #expect(values == [2, 2, 0, 0, 0.5, 5])
    let best = Self.blend(CategoricalStudent(actions: 3, Self.settings(.likelihood)), teacherOutputs, teachers: 2)
    #expect(best == [1, 0, 0, 0, 0, 1])
  }

  /// Mean and variance of a mixture, against draws from it: within five standard errors.
  @Test func mixturesOfGaussiansKeepTheirMoments() {
    let (teachers, size, draws) = (4, 2, 200_000)
    let teacherOutputs = Self.drawn(teachers * 2 * size, "mixture", scale: 0.6)
    let head = GaussianStudent(low: [-1, -1], high: [1, 1], .divergence)
    let found = Self.blend(head, teacherOutputs, teachers: teachers).map(Double.init)
    var random = RandomStream(seed: 3)
    for c in 0..<size {
      var (sum, squares, fourth) = (0.0, 0.0, 0.0)
      for _ in 0..<draws {
        let row = random.index(below: teachers) * 2 * size
        let away = Double(teacherOutputs[row + c] + exp(teacherOutputs[row + size + c]) * random.normal()) - found[c]
        (sum, squares, fourth) = (sum + away, squares + away * away, fourth + pow(away, 4))
      }
      let n = Double(draws)
      let variance = exp(2 * found[size + c])
      #expect(abs(sum / n) < 5 * (variance / n).squareRoot(), "mean of component \(c)")
      let error = ((fourth / n - pow(squares / n, 2)) / n).squareRoot()
      #expect(abs(squares / n - variance) < 5 * error, "variance of component \(c)")
    }
    // one teacher's word stays as it is
    let alone = Self.blend(head, Array(teacherOutputs[..<(2 * size)]), teachers: 1)
    #expect(zip(alone, teacherOutputs).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  // MARK: - Gradients

  /// Errors in double precision by their definitions.
  private static func naive(_ head: CategoricalStudent, _ kind: DistillationLoss, _ z: [Double], _ p: [Double])
    -> Double
  {
    if kind == .squaredError { return zip(z, p).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    let total = log(z.reduce(0) { $0 + exp($1) })
    return zip(z, p).reduce(0) { $1.1 > 0 ? $0 + $1.1 * (log($1.1) - ($1.0 - total)) : $0 }
  }

  /// The divergence by numerical integration over u, which uses no formula for it.
  private static func divergence(_ z: [Double], _ target: [Double]) -> Double {
    let size = z.count / 2
    return (0..<size).reduce(0.0) { sum, c in
      let (m, s, n, t) = (target[c], exp(target[size + c]), z[c], exp(z[size + c]))
      let step = s / 200
      return sum
        + (-2000...2000).reduce(0.0) {
          let u = m + step * Double($1)
          let log1 = -pow((u - m) / s, 2) / 2 - log(s)
          let log2 = -pow((u - n) / t, 2) / 2 - log(t)
          return $0 + step * exp(log1) / (2 * Double.pi).squareRoot() * (log1 - log2)
        }
    }
  }

  private static func naive(_ kind: DistillationLoss, _ z: [Double], _ target: [Double]) -> Double {
    let size = z.count / 2
    switch kind {
    case .divergence: return divergence(z, target)
    case .squaredError: return (0..<size).reduce(0) { $0 + pow(z[$1] - target[$1], 2) }
    case .likelihood:
      return (0..<size).reduce(0) {
        let deviation = exp(z[size + $1])
        return $0 + log(deviation) + pow((z[$1] - target[$1]) / deviation, 2) / 2 + log(2 * Double.pi) / 2
      }
    }
  }

  private static func check(
    _ head: some StudentHead, targets: [Float], _ naive: ([Double], [Double]) -> Double, _ name: String
  ) {
    let (rows, width, stride) = (targets.count / head.outputs, head.outputs, head.outputs + 2)
    let z = drawn(rows * width, "outputs", scale: 0.7)
    var outputs = [Float](repeating: 7, count: rows * stride)
    for r in 0..<rows { for c in 0..<width { outputs[r * stride + c] = z[r * width + c] } }
    let loss = head.regress(&outputs, stride: stride, targets: targets, rows: rows, share: 0.5)
    func total(_ z: [Double]) -> Double {
      (0..<rows).reduce(0) {
        let range = $1 * width..<($1 + 1) * width
        return $0 + naive(Array(z[range]), targets[range].map(Double.init))
      }
    }
    let expected = total(z.map(Double.init))
    #expect(abs(Double(loss) - expected) < 1e-4 * max(1, abs(expected)), "\(name): \(loss), not \(expected)")
    var gradient = [Float]()
    for r in 0..<rows {
      gradient += outputs[r * stride..<r * stride + width].map { 2 * $0 }
      #expect(outputs[r * stride + width] == 7 && outputs[r * stride + width + 1] == 7, "\(name) writes too far")
    }
    let error = gradientError(of: gradient, at: z.map(Double.init), total)
    #expect(error.worst < 2e-3, "\(name): \(error)")
  }

  @Test(arguments: DistillationLoss.allCases) func errorsHaveTheirGradients(_ kind: DistillationLoss) {
    let categorical = CategoricalStudent(actions: 4, Self.settings(kind, temperature: 0.5))
    let values = Self.blend(categorical, Self.drawn(2 * 6 * 4, "values"), teachers: 2)
    Self.check(categorical, targets: values, { Self.naive(categorical, kind, $0, $1) }, "categorical \(kind)")
    let gaussian = GaussianStudent(low: [-1, -1], high: [1, 1], kind)
    let moments = Self.blend(gaussian, Self.drawn(2 * 6 * 4, "moments", scale: 0.5), teachers: 2)
    Self.check(gaussian, targets: moments, { Self.naive(kind, $0, $1) }, "Gaussian \(kind)")
  }

  /// The whole gradient, features included: Adam's first moment after one step is a tenth of it.
  @Test func theNetworkGoesDownItsLoss() throws {
    let (count, size, choices, features, weight) = (130, 3, 4, 5, Float(0.3))
    let activation = Activation.tanh
    var settings = StudentSettings()
    (settings.hidden, settings.activation) = ([6, 5], activation)
    let head = CategoricalStudent(actions: choices, Self.settings(.divergence, featureWeight: weight))
    var student = DistilledPolicy(
      settings, head: head, observationSize: size, teachers: 2, featureSize: features, featureWeight: weight,
      using: RandomStream(seed: 1))
    let parameters = Self.drawn(student.parameters.count, "parameters", scale: 0.5)
    student.parameters = Vector(parameters)
    var lessons = DistillationBatch(count: count, observationSize: size, targetSize: choices, featureSize: features)
    let (x, teacherOutputs, wanted) = (
      Self.drawn(count * size, "x"), Self.drawn(count * choices, "said"),
      Self.drawn(count * features, "features")
    )
    let targets = Self.blend(head, teacherOutputs, teachers: 1)
    for r in 0..<count {
      lessons.observations.setRow(r, Array(x[r * size..<(r + 1) * size]))
      lessons.targets.setRow(r, Array(targets[r * choices..<(r + 1) * choices]))
      lessons.features.setRow(r, Array(wanted[r * features..<(r + 1) * features]))
      lessons.teachers[r] = r % 2
    }
    var metrics = MetricRow(names: DistilledPolicy<CategoricalStudent>.metricNames)
    try student.learn(lessons, metrics: &metrics)
    let gradient = student.optimizer.first.elements.map { 10 * $0 }
    let network = OraclePerceptron(widths: [size, 6, 5, choices + 2 * features], activation: tanh)
    let error = gradientError(of: gradient, at: parameters.map(Double.init)) { parameters in
      (0..<count).reduce(0.0) { sum, r in
        let z = network(parameters[...], x[r * size..<(r + 1) * size].map(Double.init))
        let own = choices + (r % 2) * features
        let square = (0..<features).reduce(0.0) { $0 + pow(z[own + $1] - Double(wanted[r * features + $1]), 2) }
        let target = targets[r * choices..<(r + 1) * choices].map(Double.init)
        return sum + (Self.naive(head, .divergence, Array(z[..<choices]), target) + Double(weight) * square)
          / Double(count)
      }
    }
    #expect(error.worst < 5e-3, "\(error)")
  }

  // MARK: - Students

  /// A student of as many units comes to say what its teacher says, and does as it does.
  @Test func studentsComeToSayWhatTheirTeachersSay() throws {
    let learner = try Cases.deepQNetwork(seed: 3) { $0.dueling = true }
    let teacher = learner.teacher
    var settings = StudentSettings()
    (settings.hidden, settings.learningRate) = ([24, 24], 3e-3)
    let head = CategoricalStudent(actions: Cases.choices, Self.settings(.divergence, temperature: 0.3))
    var student = DistilledPolicy(
      settings, head: head, observationSize: Cases.observationSize, using: RandomStream(seed: 4))
    var (random, metrics) = (
      RandomStream(seed: 6), MetricRow(names: DistilledPolicy<CategoricalStudent>.metricNames)
    )
    var lessons = DistillationBatch(
      count: 64, observationSize: Cases.observationSize, targetSize: Cases.choices, featureSize: 0)
    var teacherOutputs = Matrix(rows: 64, columns: Cases.choices)
    let workspace = teacher.makeWorkspace()
    for step in 0..<1500 {
      for r in 0..<64 { lessons.observations.setRow(r, (0..<Cases.observationSize).map { _ in random.normal() }) }
      teacher.describe(
        count: 64, observations: lessons.observations.pointer, outputs: teacherOutputs.mutablePointer, features: nil,
        workspace)
      student.blend(teacherOutputs.pointer, teachers: 1, rows: 64, into: lessons.targets.mutablePointer)
      if step == 1400 { metrics.clear() }
      try student.learn(lessons, metrics: &metrics)
    }
    let divergence = try #require(metrics.mean(of: "distillation_loss"))
    #expect(divergence < 0.01, "\(divergence) nats")
    var (agreements, own, taught, policy) = (
      0, [Float](repeating: 0, count: 1), [Float](repeating: 0, count: 1), learner
    )
    for _ in 0..<400 {
      let observation = (0..<Cases.observationSize).map { _ in random.normal() }
      student.act(on: observation, explore: false, using: &random, action: &own)
      policy.act(on: observation, explore: false, using: &random, action: &taught)
      agreements += own == taught ? 1 : 0
    }
    #expect(agreements >= 380, "\(agreements) of 400 decisions")
  }

  @Test func learningDoesNotAllocateNorDependOnCopies() throws {
    let head = GaussianStudent(low: Cases.low, high: Cases.high, .divergence)
    var student = DistilledPolicy(
      StudentSettings(), head: head, observationSize: Cases.observationSize, using: RandomStream(seed: 4))
    var metrics = MetricRow(names: DistilledPolicy<GaussianStudent>.metricNames)
    let lessons = DistillationBatch(
      count: 200, observationSize: Cases.observationSize, targetSize: head.outputs, featureSize: 0)
    #expect(try allocations { try student.learn(lessons, metrics: &metrics) } == 0)
    var copy = student
    let before = OracleState(student)
    try copy.learn(lessons, metrics: &metrics)
    #expect(OracleState(student) == before && OracleState(copy) != before)
    try student.learn(lessons, metrics: &metrics)
    #expect(OracleState(student) == OracleState(copy))
  }
}
