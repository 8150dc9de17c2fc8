public import Archive
public import Interfaces
public import Kernels

/// What `NormalizedObservations` and `NormalizedRewards` do, for all copies of a vector environment by common statistics.
///
/// After every step the copies' observations and rewards are taken in, in the order of the copies; final observations of
/// episodes are shown by the same statistics but not taken in.
public struct NormalizedVector<Base: VectorEnvironment>: VectorEnvironment {
  /// What is normalized.
  public private(set) var base: Base
  public let spec: EnvironmentSpec
  private let limit: Float
  private var moments: RunningMoments?
  private var scaling: RewardScaling?
  private var shown: Matrix
  private var final: Matrix
  private var rescaled: Vector

  /// Normalizes observations, limited to ±`limit`, or rewards with `discount`, or both. Throws for observations that are
  /// images, which learners scale themselves.
  public init(
    _ base: Base, observations: Bool, limit: Float = 10, rewards: Bool, discount: Float = 0.99
  ) throws(WrapperError) {
    if observations, base.spec.imageShape != nil { throw WrapperError(description: "is not for images") }
    self.base = base
    self.limit = limit
    moments = observations ? RunningMoments(size: base.spec.observationSize) : nil
    let scaling = rewards ? RewardScaling(copies: base.count, discount: discount, limit: limit) : nil
    self.scaling = scaling
    let shown = observations ? base.spec.observing(base.spec.observationSize) : base.spec
    spec = scaling.map { shown.with(rewardRange: .some(-$0.limit...$0.limit)) } ?? shown
    self.shown = Matrix(rows: base.count, columns: base.spec.observationSize)
    final = Matrix(rows: base.count, columns: base.spec.observationSize)
    rescaled = Vector(count: base.count)
  }

  public var count: Int { base.count }
  public func simulatorSteps(of index: Int) -> Int { base.simulatorSteps(of: index) }
  public func taskReward(of index: Int) -> Float { base.taskReward(of: index) }
  public var observations: UnsafePointer<Float> { shown.pointer }
  public var rewards: UnsafePointer<Float> { rescaled.pointer }
  public var endings: UnsafePointer<Ending> { base.endings }
  public var finalObservations: UnsafePointer<Float> { final.pointer }

  public mutating func reset(using random: RandomStream) throws {
    try base.reset(using: random)
    for copy in 0..<count { scaling?.startEpisode(copy) }
    show()
  }

  public mutating func step(_ actions: UnsafePointer<Float>) throws {
    try base.step(actions)
    let (size, target) = (spec.observationSize, rescaled.mutablePointer)
    for copy in 0..<count { scaling?.add(base.rewards[copy], of: copy) }
    for copy in 0..<count {
      target[copy] = scaling?.scaled(base.rewards[copy]) ?? base.rewards[copy]
      if base.endings[copy] != .none { scaling?.startEpisode(copy) }
    }
    show()
    let finalRows = final.mutablePointer
    for copy in 0..<count where base.endings[copy] != .none {
      let row = UnsafeMutableBufferPointer(start: finalRows + copy * size, count: size)
      _ = row.update(fromContentsOf: UnsafeBufferPointer(start: base.finalObservations + copy * size, count: size))
      moments?.standardize(row, limit: limit)
    }
  }

  /// Takes in the base's observations and shows them normalized.
  private mutating func show() {
    let (size, target) = (spec.observationSize, shown.mutablePointer)
    target.update(from: base.observations, count: count * size)
    for copy in 0..<count { moments?.add(UnsafeBufferPointer(start: target + copy * size, count: size)) }
    for copy in 0..<count {
      moments?.standardize(UnsafeMutableBufferPointer(start: target + copy * size, count: size), limit: limit)
    }
  }

  public mutating func prepareToSave() throws -> Bool { try base.prepareToSave() }

  public func saveStatistics(to writer: inout StateWriter) {
    if let moments { writer.write("observation_moments", moments) }
    base.saveStatistics(to: &writer)
  }
}

extension NormalizedVector: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("moments", present: &moments)
    try fields.field("scaling", present: &scaling)
    try fields.field("shown", &shown)
  }
}
