import Interfaces
import Models
import TestSupport
import Testing

@Suite struct TabularModelTests {
  private static let steps = [
    TabularStep(state: 0, action: 1, reward: 1, next: 1, terminates: false),
    TabularStep(state: 0, action: 1, reward: 4, next: 2, terminates: true),
    TabularStep(state: 0, action: 1, reward: 3, next: 1, terminates: false),
    TabularStep(state: 0, action: 1, reward: 5, next: 1, terminates: true),
  ]

  private func model(_ kind: TabularModelSettings.Kind) -> TabularModel {
    var settings = TabularModelSettings()
    settings.kind = kind
    return TabularModel(settings, states: 3, actions: 2)
  }

  /// Values of states 10, 20, 30; discount 1/2.
  private func expectation(_ model: TabularModel, _ action: Int) -> Double? {
    model.expectation(of: action, in: 0, discount: 0.5) { 10 * Double($0 + 1) }
  }

  @Test func countsOutcomes() {
    var model = model(.empirical)
    #expect(expectation(model, 1) == nil)
    for step in Self.steps { model.observe(step) }
    #expect(expectation(model, 0) == nil)
    // mean reward 13/4; half of the steps lead on to state 1
    #expect(expectation(model, 1) == 13.0 / 4 + 0.5 * 0.5 * 20)
    let process = model.process
    #expect(
      Set(process[0, 1].map { [Double($0.next), $0.probability, $0.reward, $0.terminates ? 1 : 0] })
        == [[1, 0.5, 2, 0], [2, 0.25, 4, 1], [1, 0.25, 5, 1]])
    #expect(process[0, 0].elementsEqual([MarkovDecisionProcess.Outcome(next: 0)]))
  }

  @Test func remembersTheLastOutcomeOnly() {
    var model = model(.deterministic)
    for (step, expected) in zip(Self.steps, [1 + 0.5 * 20, 4, 3 + 0.5 * 20, 5]) {
      model.observe(step)
      #expect(expectation(model, 1) == expected)
    }
    #expect(model.process[0, 1].count == 1)
  }

  @Test(arguments: TabularModelSettings.Kind.allCases) func isRestored(_ kind: TabularModelSettings.Kind) throws {
    var (original, restored) = (model(kind), model(kind))
    for step in Self.steps.prefix(2) { original.observe(step) }
    try OracleState(original).restore(into: &restored)
    for step in Self.steps.suffix(2) {
      original.observe(step)
      restored.observe(step)
      #expect(expectation(original, 1) == expectation(restored, 1))
    }
    #expect(original.rewards == restored.rewards)
  }
}
