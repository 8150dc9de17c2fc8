import Archive
import Interfaces
import Kernels

/// What every vector environment must do: the checks behind `VectorEnvironmentConformance.failures(of:...)`.
///
/// Copies are driven by uniformly random actions. That results do not depend on the number of threads is for the caller
/// to check, in a process of its own, by comparing `course` of several numbers.
package struct VectorEnvironmentConformance<Vector: VectorEnvironment> {
  private let make: (Int) throws -> Vector
  private let seed: UInt64
  private let steps: Int
  private let sharesStatistics: Bool
  private var failures: [String] = []

  /// Every way in which the vector environments of N copies that `make(N)` returns break the rules; empty if none does.
  ///
  /// - Parameters:
  ///   - single: one copy alone, which every copy must follow bit for bit given the same stream; nil where there is none.
  ///   - steps: length of the courses; some episode should end within them.
  ///   - sharesStatistics: whether a copy's course depends on the others through common statistics.
  ///   - allocations: whether steps must leave the heap alone.
  package static func failures(
    single: (any Environment)? = nil, steps: Int, seed: UInt64 = 1, sharesStatistics: Bool = false,
    allocations: Bool = true,
    make: @escaping (Int) throws -> Vector
  ) throws -> [String] {
    var check = VectorEnvironmentConformance(
      make: make, seed: seed, steps: steps, sharesStatistics: sharesStatistics)
    try check.checkShapes()
    try check.checkDeterminism()
    if !sharesStatistics { try check.checkIndependence() }
    if let single { try check.checkAgainst(single) }
    try check.checkSaveAndRestore()
    if allocations { try check.checkAllocations() }
    return check.failures
  }

  private init(make: @escaping (Int) throws -> Vector, seed: UInt64, steps: Int, sharesStatistics: Bool) {
    self.make = make
    self.sharesStatistics = sharesStatistics
    self.seed = seed
    self.steps = steps
  }

  private mutating func expect(_ condition: Bool, _ failure: String) { if !condition { failures.append(failure) } }

  private mutating func checkShapes() throws {
    for count in [1, 5] {
      let vector = try make(count)
      expect(vector.count == count, "\(vector.count) copies instead of \(count)")
    }
  }

  private mutating func checkDeterminism() throws {
    let first = try Course(make(5), steps: steps, seed: seed)
    expect(try first == Course(make(5), steps: steps, seed: seed), "the same seed gives another course")
    expect(try first != Course(make(5), steps: steps, seed: seed + 1), "another seed gives the same course")
    expect(first.steps.contains { $0.endings.contains { $0 != .none } }, "no episode ended in \(steps) steps")
    var again = try make(5)
    try again.reset(using: RandomStream(seed: seed + 1))
    guard !sharesStatistics else { return }
    expect(try first == Course(again, steps: steps, seed: seed), "a second reset does not start anew")
  }

  /// A copy's course does not depend on how many others there are.
  private mutating func checkIndependence() throws {
    let many = try Course(make(7), steps: steps, seed: seed)
    let few = try Course(make(3), steps: steps, seed: seed)
    let size = try make(1).spec.observationSize
    for (a, b) in zip(many.steps, few.steps) {
      expect(Array(a.observations.prefix(3 * size)) == b.observations, "other copies change a copy's course")
      expect(Array(a.endings.prefix(3)) == b.endings, "other copies change a copy's endings")
    }
    let start = many.starts
    expect(Array(start.prefix(size)) != Array(start[size..<2 * size]), "two copies start alike")
  }

  /// Each copy does what one environment does that is reset from the streams the protocol names.
  private mutating func checkAgainst(_ single: any Environment) throws {
    let count = 4
    let course = try Course(make(count), steps: steps, seed: seed)
    for index in 0..<count {
      var (one, episode) = (single, 0)
      let size = one.spec.observationSize
      var observation = [Float](repeating: 0, count: size)
      func start() throws {
        var random = RandomStream(seed: seed).child(index).child(episode)
        try one.reset(using: &random, observation: &observation)
      }
      try start()
      var agree = Array(course.starts[index * size..<(index + 1) * size]) == observation
      for step in course.steps {
        let width = one.spec.action.size
        let outcome = try one.step(
          Array(step.actions[index * width..<(index + 1) * width]), observation: &observation)
        agree = agree && outcome.reward.bitPattern == step.rewards[index].bitPattern
        agree = agree && outcome.ending == step.endings[index]
        if outcome.ending != .none {
          agree = agree && Array(step.finals[index * size..<(index + 1) * size]) == observation
          episode += 1
          try start()
        }
        agree = agree && Array(step.observations[index * size..<(index + 1) * size]) == observation
      }
      expect(agree, "copy \(index) does not do what one environment does")
    }
  }

  private mutating func checkSaveAndRestore() throws {
    for before in [0, 3, steps] {
      var original = try make(5)
      try original.reset(using: RandomStream(seed: seed))
      var random = RandomStream(seed: seed).child("actions")
      for _ in 0..<before { _ = try Course.Step(&original, using: &random) }
      expect(try original.prepareToSave(), "it cannot be saved after \(before) steps")
      var writer = StateWriter()
      original.save(to: &writer)
      var restored = try make(5)
      try restored.restore(from: StateReader(writer.file))
      let count = 5 * original.spec.observationSize
      let rows = UnsafeBufferPointer(start: original.observations, count: count)
      var agree = rows.elementsEqual(UnsafeBufferPointer(start: restored.observations, count: count))
      var copy = random
      for _ in 0..<steps {
        agree = try Course.Step(&original, using: &random) == Course.Step(&restored, using: &copy) && agree
      }
      expect(agree, "restored after \(before) steps it goes another way")
    }
  }

  private mutating func checkAllocations() throws {
    var vector = try make(6)
    try vector.reset(using: RandomStream(seed: seed))
    let actions = Matrix(rows: 6, columns: vector.spec.action.size)
    let stepping = try allocations { for _ in 0..<steps { try vector.step(actions) } }
    expect(stepping == 0, "\(stepping) heap allocations in \(steps) steps")
  }

  /// Everything seen from a reset on, under random actions; for comparisons between numbers of threads.
  package static func course(_ vector: Vector, steps: Int, seed: UInt64) throws -> Course {
    try Course(vector, steps: steps, seed: seed)
  }

  /// Starts and steps of a vector environment.
  package struct Course: Equatable {
    var starts: [Float]
    package var steps: [Step] = []

    init(_ vector: Vector, steps count: Int, seed: UInt64) throws {
      var vector = vector
      try vector.reset(using: RandomStream(seed: seed))
      starts = Self.copy(vector.observations, vector.count * vector.spec.observationSize)
      var random = RandomStream(seed: seed).child("actions")
      for _ in 0..<count { steps.append(try Step(&vector, using: &random)) }
    }

    static func copy<Element>(_ pointer: UnsafePointer<Element>, _ count: Int) -> [Element] {
      Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// One step: actions, and what they led to. Of `finals` only the rows that mean something are kept.
    package struct Step: Equatable {
      var actions: [Float]
      var observations: [Float]
      var rewards: [Float]
      package var endings: [Ending]
      var finals: [Float]

      /// Row r of the actions is drawn from child r of a stream, so that it does not depend on the number of rows.
      init(_ vector: inout Vector, using random: inout RandomStream) throws {
        let (count, spec) = (vector.count, vector.spec)
        var drawn: [Float] = []
        let stream = RandomStream(seed: random.next())
        for row in 0..<count {
          var own = stream.child(row)
          switch spec.action {
          case .discrete(let choices): drawn.append(Float(own.index(below: choices)))
          case .multiDiscrete(let counts): drawn += counts.map { Float(own.index(below: $0)) }
          case .box(let low, let high): for (low, high) in zip(low, high) { drawn.append(own.uniform(low, high)) }
          }
        }
        actions = drawn
        try drawn.withUnsafeBufferPointer { buffer in
          if let base = buffer.baseAddress { try vector.step(base) }
        }
        observations = Course.copy(vector.observations, count * spec.observationSize)
        rewards = Course.copy(vector.rewards, count)
        endings = Course.copy(vector.endings, count)
        finals = Course.copy(vector.finalObservations, count * spec.observationSize)
        for row in 0..<count where endings[row] == .none {
          for index in row * spec.observationSize..<(row + 1) * spec.observationSize { finals[index] = 0 }
        }
        for row in 0..<count where endings[row] != .none {
          let final = finals[row * spec.observationSize..<(row + 1) * spec.observationSize]
          precondition(vector.nextObservation(row).elementsEqual(final), "nextObservation is not the final one")
        }
      }
    }
  }
}
