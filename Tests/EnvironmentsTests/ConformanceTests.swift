import Configuration
import Environments
import Interfaces
import TestSupport
import Testing

/// The rules for all environments, on every native task.
@Suite struct ConformanceTests {
  @Test func pendulum() throws { try check(Pendulum.self) }
  @Test func cartPole() throws { try check(CartPole.self) }
  @Test func mountainCar() throws { try check(MountainCar.self) }
  @Test func mountainCarContinuous() throws { try check(MountainCarContinuous.self) }
  @Test func acrobot() throws { try check(Acrobot.self) }
  @Test func carOnHill() throws { try check(CarOnHill.self) }
  @Test func cartPoleSwingUp() throws { try check(CartPoleSwingUp.self) }
  @Test func pointMass() throws { try check(PointMass.self) }

  @Test func settingsReachTheTask() throws {
    var settings = CartPoleSettings()
    settings.suttonBartoReward = true
    settings.stepLimit = 12
    let failures = try EnvironmentConformance.failures(objective: CartPole(settings).objective) { CartPole(settings) }
    #expect(failures == [])
    var nips = AcrobotSettings()
    nips.dynamics = .nips
    #expect(try EnvironmentConformance.failures(objective: Acrobot(nips).objective) { Acrobot(nips) } == [])
  }

  @Test func errorsNameEnvironmentAndAction() throws {
    let nan = EnvironmentError.actionIsNotANumber(environment: "Pendulum-v1", action: [.nan])
    #expect("\(nan)" == "Pendulum-v1 was given the action [nan], which is not a number")
    #expect(throws: EnvironmentError.noSuchChoice(environment: "CartPole-v1", action: 2, count: 2)) {
      var (task, observation) = (CartPole(CartPoleSettings()), [Float](repeating: 0, count: 4))
      task.start(at: .zero, observation: &observation)
      _ = try task.step([2], observation: &observation)
    }
  }

  private func check<Task: StateSpaceTask>(_: Task.Type) throws {
    let objective = Task(Task.Settings()).objective
    #expect(try EnvironmentConformance.failures(objective: objective) { Task(Task.Settings()) } == [])
  }
}
