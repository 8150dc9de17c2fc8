import Configuration
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Deep Q-networks of images.
@Suite struct PixelDeepQTests {
  private static let image = ImageShape(height: 6, width: 5, channels: 2)

  private static func learner(_ change: (inout DeepQNetworkSettings) -> Void = { _ in }) -> DeepQNetwork {
    var settings = DeepQNetworkSettings()
    settings.hidden = [16]
    settings.learningRate = 3e-3
    change(&settings)
    return DeepQNetwork(
      settings, observationSize: image.count, image: image, actions: 2, using: RandomStream(seed: 3))
  }

  /// Images of one bright pixel of channel 0 and noise in the other. The reward says whether the action, 0 or 1, is the
  /// half of the image that it lies in, the upper or the lower; every episode has one step.
  private static func fill(_ batch: inout TransitionBatch, using random: inout RandomStream) {
    for row in 0..<batch.count {
      var pixels = (0..<image.count).map { $0 % 2 == 0 ? 0 : Float(random.index(below: 256)) }
      let cell = random.index(below: 30)
      pixels[2 * cell] = 255
      batch.observations.setRow(row, pixels)
      batch.nextObservations.setRow(row, pixels)
      let action = random.index(below: 2)
      batch.actions[row, 0] = Float(action)
      batch.rewards[row] = (cell >= 15) == (action == 1) ? 1 : -1
      batch.continues[row] = 0
    }
  }

  private static func trained(updates: Int, batch size: Int) throws -> DeepQNetwork {
    var (learner, random) = (Self.learner(), RandomStream(seed: 1))
    var batch = TransitionBatch(count: size, observationSize: image.count, actionSize: 1)
    var metrics = MetricRow(names: DeepQNetwork.metricNames)
    for _ in 0..<updates {
      fill(&batch, using: &random)
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    return learner
  }

  @Test func learnsWhatAnImageShows() throws {
    var learner = try Self.trained(updates: 300, batch: 32)
    var (random, action) = (RandomStream(seed: 2), [Float(0)])
    var batch = TransitionBatch(count: 200, observationSize: Self.image.count, actionSize: 1)
    Self.fill(&batch, using: &random)
    var right = 0
    for row in 0..<200 {
      let pixels = Array(batch.observations.row(row))
      learner.act(on: pixels, explore: false, using: &random, action: &action)
      let isLower = (15..<30).contains { pixels[2 * $0] == 255 }
      if isLower == (action[0] == 1) { right += 1 }
    }
    #expect(right >= 195, "\(right) of 200")
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try [1, 16, 40].map { OracleState(try Self.trained(updates: 3, batch: $0)) }
      WorkerPool.configure(threads: 2)
      #expect(try [1, 16, 40].map { OracleState(try Self.trained(updates: 3, batch: $0)) } == one)
    }
  }

  @Test(arguments: [false, true]) func updatesAllocateNothing(_ isRMSprop: Bool) throws {
    var learner = Self.learner { if isRMSprop { $0.optimizer = .rmsprop } }
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: DeepQNetwork.metricNames))
    var batch = TransitionBatch(count: 40, observationSize: Self.image.count, actionSize: 1)
    Self.fill(&batch, using: &random)
    let found = try allocations { try learner.update(on: batch, using: &random, metrics: &metrics) }
    #expect(found == 0)
  }

  /// `auto` goes by the observations; what does not fit is refused by name.
  @Test func convolutionsFitTheirImages() throws {
    func check(_ choice: ConvolutionChoice?, _ image: ImageShape?) throws {
      var settings = DeepQNetworkSettings()
      settings.convolution = choice
      let spec = EnvironmentSpec(
        observationSize: image?.count ?? 3, imageShape: image, action: .discrete(count: 2), timeStep: 1, stepLimit: 9)
      try DeepQNetwork.check(settings, for: spec)
    }
    func count(_ image: ImageShape?) -> Int {
      let learner = DeepQNetwork(
        DeepQNetworkSettings(), observationSize: image?.count ?? 3, image: image, actions: 2,
        using: RandomStream(seed: 1))
      return learner.core.parameters.count
    }
    let grid = ImageShape(height: 10, width: 10, channels: 4, maximum: 1)
    try check(nil, nil)
    try check(.absent, nil)
    try check(nil, grid)
    try check(.layers([[4, 3, 1]]), grid)
    let vector = try #require(throws: ConfigurationError.self) { try check(.small, nil) }
    #expect("\(vector)".contains("learner.convolution = small: needs observations that are images"), "\(vector)")
    let large = try #require(throws: ConfigurationError.self) { try check(.nature, grid) }
    #expect("\(large)".contains("has kernels too large for images of 10x10"), "\(large)")
    let body = 128 * 128 + 128 + 128 * 2 + 2
    #expect(count(nil) == 3 * 128 + 128 + body)
    #expect(count(grid) == 9 * 4 * 16 + 16 + 8 * 8 * 16 * 128 + 128 + body)
  }

  @Test func settingsAreReadAndWritten() throws {
    for text in ["none", "small", "nature", "[[32,8,4],[64,4,2]]", "auto"] {
      let tree = try ConfigurationTree(assignment: "convolution=\(text)", source: "test")
      let settings = try DeepQNetworkSettings().updated(by: tree)
      let again = try DeepQNetworkSettings().updated(by: settings.resolved())
      #expect(again.convolution == settings.convolution)
      #expect((settings.convolution == nil) == (text == "auto"))
    }
    for text in ["large", "[]", "[[1,2]]", "[[0,3,1]]", "3"] {
      let tree = try ConfigurationTree(assignment: "convolution=\(text)", source: "test")
      #expect(throws: ConfigurationError.self, "\(text)") { try DeepQNetworkSettings().updated(by: tree) }
    }
  }
}
