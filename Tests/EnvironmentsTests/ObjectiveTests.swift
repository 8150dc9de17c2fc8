import Environments
import Foundation
import Interfaces
import Kernels
import Testing

@Suite struct ObjectiveTests {
  @Test func angleMagnitudeIsThatOfAtan2() {
    var worst = 0.0
    for step in 0...100_000 {
      let angle = Double(step) / 100_000 * 2 * .pi - .pi
      for radius in [0.5, 1, 3] {
        let (cosine, sine) = (Float(radius * cos(angle)), Float(radius * sin(angle)))
        let exact = abs(atan2(Double(sine), Double(cosine)))
        worst = max(worst, abs(Double(angleMagnitude(cosine: cosine, sine: sine)) - exact))
      }
    }
    #expect(worst < 4e-7, "worst error \(worst)")
    #expect(angleMagnitude(cosine: .nan, sine: 0).isNaN && angleMagnitude(cosine: 0, sine: .nan).isNaN)
    #expect(angleMagnitude(cosine: 1, sine: .nan).isNaN && angleMagnitude(cosine: .nan, sine: 1).isNaN)
  }

  @Test func brokenPredictionsNeverScoreWell() {
    check(Pendulum(PendulumSettings()), worst: -.infinity)
    check(CartPole(CartPoleSettings()), worst: -.infinity)
    check(MountainCar(MountainCarSettings()), worst: -1)
    check(MountainCarContinuous(MountainCarContinuousSettings()), worst: 0)
    check(Acrobot(AcrobotSettings()), worst: -1)
    check(CartPoleSwingUp(CartPoleSwingUpSettings()), worst: -.infinity)
    check(PointMass(PointMassSettings()), worst: -.infinity)
  }

  /// A state of NaN ends the episode, or has a reward that is not finite, or `worst` at most.
  private func check<Task: StateSpaceTask>(_ task: Task, worst: Float) {
    let broken = Matrix(
      rows: 1, columns: task.spec.observationSize, Array(repeating: .nan, count: task.spec.observationSize))
    let action = Matrix(rows: 1, columns: task.spec.action.size)
    var (rewards, terminated) = ([Float(0)], [false])
    task.objective.evaluate(broken, action, broken, rewards: &rewards, terminated: &terminated)
    let isGoalTask = worst.isFinite
    #expect(isGoalTask ? !terminated[0] && rewards[0] <= worst : terminated[0] || !rewards[0].isFinite)
  }
}
