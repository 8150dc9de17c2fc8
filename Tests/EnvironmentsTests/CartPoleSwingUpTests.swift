import Environments
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct CartPoleSwingUpTests {
  private struct Request: Encodable {
    var start: [Double]
    var forces: [Double]
    var stepsPerForce: Int
  }

  private struct Answer: Decodable {
    var masses: [Double]
    var states: [[Double]]
  }

  /// 100 decisions of random pushes, drawn towards the middle so that the cart keeps off the stops, in MuJoCo and here.
  @Test func followsMuJoCoWhileTheCartIsFree() throws {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    var random = RandomStream(seed: 3)
    let start = SIMD4(0.1, -0.2, 2.5, 0.4)
    var (state, request) = (start, Request(start: (0..<4).map { start[$0] }, forces: [], stepsPerForce: 2))
    let course = (0..<100).map { _ in
      let action = max(-3, min(3, 3 * random.normal() - Float(state[0] + state[1])))
      request.forces.append(100 * Double(action))
      state = withUnsafePointer(to: action) { task.successor(of: state, under: $0) }
      return state
    }
    #expect(course.allSatisfy { abs($0[0]) < 2.4 }, "the cart meets a stop")
    #expect(course.contains { abs($0[2]) > 1.5 }, "the pole hardly moves")

    let answer = try PeerProcess.ask("mujoco_cart_pole.py", request, as: Answer.self)
    #expect(abs(answer.masses[0] - 10.471976) < 1e-6 && abs(answer.masses[1] - 5.0185916) < 1e-7)
    var worst = 0.0
    for (state, expected) in zip(course, answer.states) {
      for index in 0..<4 { worst = max(worst, abs(state[index] - expected[index])) }
    }
    #expect(worst < 1e-8, "differs from MuJoCo by up to \(worst)")
  }

  private func energyDrift(step: Double, steps: Int) -> Double {
    let dynamics = CartPoleSwingUpDynamics(damping: 0)
    var state = SIMD4(0.0, 0.5, 2.5, -1.0)
    let start = dynamics.energy(of: state)
    var drift = 0.0
    for _ in 0..<steps {
      state = rungeKutta4(state, step: step) { dynamics.derivative(of: $0, force: 0) }
      drift = max(drift, abs(dynamics.energy(of: state) - start))
    }
    return drift / abs(start)
  }

  @Test func conservesEnergyWithoutFrictionAndForce() {
    let (coarse, fine) = (energyDrift(step: 0.02, steps: 500), energyDrift(step: 0.01, steps: 1000))
    #expect(coarse < 1e-3, "relative drift \(coarse) in 10 s")
    // a fourth-order method: half the step, at most a sixteenth of the error, give or take
    #expect(fine < coarse / 12, "\(fine) against \(coarse)")
  }

  /// dE/dt = F ẋ - b (ẋ² + θ̇²), by a central difference along the flow.
  @Test func powerBalances() {
    let dynamics = CartPoleSwingUpDynamics(damping: 1)
    var random = RandomStream(seed: 5)
    for _ in 0..<100 {
      var state = SIMD4<Double>()
      for index in 0..<4 { state[index] = 2 * Double(random.normal()) }
      let force = 100 * Double(random.normal())
      let flow = dynamics.derivative(of: state, force: force)
      let h = 1e-5
      let change = (dynamics.energy(of: state + h * flow) - dynamics.energy(of: state - h * flow)) / (2 * h)
      let power = force * state[1] - state[1] * state[1] - state[3] * state[3]
      #expect(abs(change - power) < 1e-4 * max(1, abs(power)))
    }
  }

  @Test func stopsAreInelastic() {
    let dynamics = CartPoleSwingUpDynamics(damping: 1)
    var random = RandomStream(seed: 6)
    for _ in 0..<1000 {
      var state = SIMD4<Double>()
      for index in 0..<4 { state[index] = 3 * Double(random.normal()) }
      let after = dynamics.stopped(state, at: 2.5)
      if abs(state[0]) <= 2.5 {
        #expect(after == state)
      } else {
        #expect(abs(after[0]) == 2.5 && after[0] * state[0] > 0)
        #expect(state[0] * state[1] > 0 ? after[1] == 0 : after[1] == state[1])
        #expect(dynamics.energy(of: after) <= dynamics.energy(of: state) + 1e-9)
      }
    }
  }

  @Test func theCartStaysOnItsSlide() throws {
    var (task, observation) = (CartPoleSwingUp(CartPoleSwingUpSettings()), [Float](repeating: 0, count: 5))
    for action: Float in [-3, 3] {
      task.start(at: SIMD4(0, 0, 0, 0), observation: &observation)
      for _ in 0..<100 {
        _ = try task.step([action], observation: &observation)
        #expect(abs(observation[0]) <= 2.5)
      }
      #expect(observation[0] == (action < 0 ? -2.5 : 2.5) && observation[1] == 0)
    }
  }

  @Test func rewardIsThatOfTheTip() throws {
    var (task, observation) = (CartPoleSwingUp(CartPoleSwingUpSettings()), [Float](repeating: 0, count: 5))
    // nearly at rest: hanging misses by twice the length, e^-4; upright hits; an action of 2 costs 0.04
    for (angle, expected) in [(0.0, exp(-4.0)), (Double.pi, 1.0)] {
      task.start(at: SIMD4(0, 0, angle, 0), observation: &observation)
      #expect(abs(Double(try task.step([0], observation: &observation).reward) - expected) < 1e-4)
    }
    task.start(at: SIMD4(0.3, 0, .pi, 0), observation: &observation)
    let reward = Double(try task.step([2], observation: &observation).reward)
    let tip = Double(observation[0]) - 0.6 * Double(observation[3])
    let height = -0.6 * Double(observation[2])
    #expect(abs(reward - (exp(-(tip * tip + (height - 0.6) * (height - 0.6)) / 0.36) - 0.04)) < 1e-6)
  }

  /// Cross-entropy planning in the true model swings up and balances: the task can be solved within 200 steps.
  @Test func isSolvedByPlanningInTheTrueModel() throws {
    let (horizon, population, elites) = (25, 200, 20)
    var task = CartPoleSwingUp(CartPoleSwingUpSettings())
    var rollout = TrueModel(task).makeRollout(capacity: population)
    var (random, observation) = (RandomStream(seed: 1), [Float](repeating: 0, count: 5))
    var plans = Matrix(rows: horizon, columns: population)
    var before = Matrix(rows: population, columns: 5)
    var after = before
    var (rewards, terminated) = ([Float](repeating: 0, count: population), [Bool](repeating: false, count: population))
    var (mean, total) = ([Float](repeating: 0, count: horizon), Float(0))
    task.reset(using: &random, observation: &observation)
    for _ in 0..<200 {
      var deviation = [Float](repeating: 1.5, count: horizon)
      for _ in 0..<5 {
        for t in 0..<horizon {
          for n in 0..<population { plans[t, n] = max(-3, min(3, mean[t] + deviation[t] * random.normal())) }
        }
        for n in 0..<population { before.setRow(n, observation) }
        rollout.reset(
          count: population, to: before.pointer, rowsPerParticle: population, firstParticle: 0, using: random)
        var returns = [Float](repeating: 0, count: population)
        for t in 0..<horizon {
          rollout.advance(plans.row(t).baseAddress ?? plans.pointer)
          after.mutablePointer.update(from: rollout.states, count: 5 * population)
          let actions = Matrix(rows: population, columns: 1, Array(plans.row(t)))
          task.objective.evaluate(before, actions, after, rewards: &rewards, terminated: &terminated)
          for n in 0..<population { returns[n] += rewards[n] }
        }
        let best = returns.indices.sorted { returns[$0] > returns[$1] }.prefix(elites)
        for t in 0..<horizon {
          mean[t] = best.reduce(0) { $0 + plans[t, $1] } / Float(elites)
          let variance = best.reduce(0) { $0 + (plans[t, $1] - mean[t]) * (plans[t, $1] - mean[t]) } / Float(elites)
          deviation[t] = variance.squareRoot() + 0.01
        }
      }
      total += try task.step([mean[0]], observation: &observation).reward
      mean.removeFirst()
      mean.append(0)
    }
    #expect(total > 160, "return \(total)")
  }
}
