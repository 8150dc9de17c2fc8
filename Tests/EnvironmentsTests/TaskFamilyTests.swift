import Environments
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// Families of tasks.
@Suite struct TaskFamilyTests {
  /// First observations of `count` episodes and their tasks.
  private func starts<Variants: TaskVariants>(
    _ family: VariedTask<Variants>, _ count: Int
  ) -> [(observation: [Float], task: Int)] {
    var family = family
    return (0..<count).map {
      var random = RandomStream(seed: 3).child($0)
      var observation = [Float](repeating: .nan, count: family.spec.observationSize)
      family.reset(using: &random, observation: &observation)
      return (observation, family.currentTask)
    }
  }

  @Test func episodesAreOfAllTasksAlikeAndShowTheirs() throws {
    let family = VariedTask<PointMassGoals>(PointMassGoalsSettings())
    let code = try #require(family.taskCode)
    #expect(code == 4..<8 && family.taskCount == 4)
    let starts = starts(family, 2000)
    for start in starts {
      #expect(OneHot.index(of: Array(start.observation[code])) == start.task)
    }
    // 500 each, standard deviation 19
    for task in 0..<4 { #expect(abs(starts.filter { $0.task == task }.count - 500) < 100) }
  }

  @Test func tasksCanBeHiddenOrLimitedToOne() {
    var settings = PointMassGoalsSettings()
    settings.tasks.shown = false
    let hidden = VariedTask<PointMassGoals>(settings)
    #expect(hidden.taskCode == nil && hidden.spec.observationSize == 4)
    #expect(Set(starts(hidden, 50).map(\.task)) == [0, 1, 2, 3])
    settings.tasks.only = 2
    #expect(Set(starts(VariedTask<PointMassGoals>(settings), 50).map(\.task)) == [2])
  }

  /// The members with the usual parameters are the usual tasks, bit for bit.
  @Test func usualMembersAreTheUsualTasks() throws {
    var poles = CartPoleVariantsSettings()
    (poles.masses, poles.halfLengths, poles.tasks.only) = ([1, 0.1], [0.25, 0.5], 1)
    try compare(VariedTask<CartPoleVariants>(poles), CartPole(CartPoleSettings()))
    var swings = SwingUpVariantsSettings()
    swings.tasks.only = 1
    try compare(VariedTask<SwingUpVariants>(swings), CartPoleSwingUp(CartPoleSwingUpSettings()))
    // and another member is not
    swings.tasks.only = 0
    #expect(throws: (any Error).self) {
      try compare(VariedTask<SwingUpVariants>(swings), CartPoleSwingUp(CartPoleSwingUpSettings()), records: false)
    }
  }

  private struct Difference: Error {}

  private func compare<Variants: TaskVariants, Usual: StateSpaceTask>(
    _ family: VariedTask<Variants>, _ usual: Usual, records: Bool = true
  ) throws where Usual.State == SIMD4<Double> {
    var (family, usual, random) = (family, usual, RandomStream(seed: 1))
    let size = usual.spec.observationSize
    var (seen, expected) = (
      [Float](repeating: 0, count: family.spec.observationSize), [Float](repeating: 0, count: size)
    )
    var action = [Float](repeating: 0, count: usual.spec.action.size)
    family.reset(using: &random, observation: &seen)
    usual.start(at: family.episode.state.lowHalf, observation: &expected)
    var ending = Ending.none
    while ending == .none {
      usual.spec.action.draw(&action, using: &random)
      let outcomes = (
        try family.step(action, observation: &seen), try usual.step(action, observation: &expected)
      )
      let isSame = outcomes.0 == outcomes.1 && Array(seen[..<size]) == expected
      if records { #expect(isSame) } else if !isSame { throw Difference() }
      ending = outcomes.1.ending
    }
  }

  /// Power: what the torques do less what the damping takes is the change of the kinetic energy.
  @Test func theArmKeepsItsEnergy() {
    var random = RandomStream(seed: 2)
    for _ in 0..<20 {
      let state = SIMD4((0..<4).map { _ in Double(random.uniform(-2, 2)) })
      let torque = SIMD2(Double(random.uniform(-1, 1)), Double(random.uniform(-1, 1)))
      let slope = ReacherGoals.derivative(of: state, torque: torque)
      let step = 1e-6
      let change =
        (ReacherGoals.energy(of: state + step * slope) - ReacherGoals.energy(of: state - step * slope)) / (2 * step)
      let speed = state.highHalf
      let power = (torque * speed).sum() - ReacherGoals.damping * (speed * speed).sum()
      #expect(abs(change - power) < 1e-7 * max(1, abs(power)))
    }
  }

  /// A member is the point mass about its goal: the same rewards as the point mass's at a state less the goal.
  @Test func goalsMoveThePointMass() throws {
    let family = VariedTask<PointMassGoals>(PointMassGoalsSettings())
    let single = PointMass(PointMassSettings())
    let action: [Float] = [1.5, -20]
    for task in 0..<4 {
      let goal = 2 * SIMD2(cos(Double.pi / 2 * Double(task)), sin(Double.pi / 2 * Double(task)))
      let state = SIMD4(0.3, -0.2, 0.1, 0.4)
      let shifted = SIMD4(lowHalf: state.lowHalf - goal, highHalf: state.highHalf)
      let varied = SIMD8(lowHalf: state, highHalf: SIMD4(Double(task), 0, 0, 0))
      let expected = single.score(shifted, action, next: shifted).reward
      #expect(abs(family.score(varied, action, next: varied).reward - expected) < 1e-5)
    }
  }

  /// Every family obeys the rules of environments, its code shown or hidden.
  @Test func hiddenFamiliesConform() throws {
    var settings = ReacherGoalsSettings()
    settings.tasks.shown = false
    #expect(try EnvironmentConformance.failures { VariedTask<ReacherGoals>(settings) } == [])
  }
}
