import Configuration
import Testing

@Suite struct SettingTests {
  @Test func copiesAreIndependent() {
    let original = AgentSettings()
    var copy = original
    copy.warmUp = 500
    copy.planner.horizon = 30
    copy.model.planner.elites = 3
    #expect(original == AgentSettings())
    #expect(copy.warmUp == 500)
    #expect(copy.planner.horizon == 30)
    #expect(copy.model.planner.elites == 3)
    #expect(copy.planner.elites == 40)
    #expect(copy != original)
  }

  @Test func decodingLeavesSharedDefaultsAlone() throws {
    let decoded = try AgentSettings.decode(tree("model.planner.population: 60"))
    #expect(decoded.model.planner.population == 60)
    #expect(PlannerSettings.narrow.population == 50)
    #expect(AgentSettings().model.planner.population == 50)

    let updated = try decoded.updated(by: tree("{warm_up: 300, planner: {horizon: 20}}"))
    #expect(updated.warmUp == 300 && updated.planner.horizon == 20)
    #expect(updated.model.planner.population == 60)
    #expect(decoded.warmUp == 200 && decoded.planner.horizon == 15)
  }

  @Test func groupKeepsADefaultOfItsOwn() throws {
    #expect(try AgentSettings.decode(tree("model: {planner: {elites: 4}}")).model.planner.population == 50)
  }

  @Test func codeCannotLeaveTheRange() async {
    await #expect(processExitsWith: .failure) {
      var settings = PlannerSettings()
      settings.horizon = 1001
    }
    await #expect(processExitsWith: .failure) {
      var settings = SampleSettings()
      settings.hiddenSizes = [8, 0]
    }
    await #expect(processExitsWith: .failure) {
      var settings = SampleSettings()
      settings.scale = .infinity
    }
    await #expect(processExitsWith: .failure) { _ = Setting(wrappedValue: 0, "Horizon", in: 1...10) }
    await #expect(processExitsWith: .success) {
      var settings = SampleSettings()
      settings.hiddenSizes = [1, 4096]
      settings.entropyTarget = nil
    }
  }
}
