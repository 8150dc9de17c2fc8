import Configuration
import Testing

@Suite struct DocumentationTests {
  @Test func everySettingIsDescribed() {
    let rows = SampleSettings.documentation().map { [$0.key, $0.typeName, $0.defaultText, $0.rangeText, $0.help] }
    #expect(
      rows == [
        ["count", "integer", "15", "1...1000", "Count"],
        ["seed", "integer", "0", "at least 0", "Seed"],
        ["learning_rate", "number", "0.0003", "1e-8...1", "Step size"],
        ["scale", "number", "0.1", "at least 0", "Scale"],
        ["uses_bootstrap", "boolean", "true", "true, false", "Whether to bootstrap"],
        ["label", "text", "\"\"", "", "Label, free | open"],
        ["hidden_sizes", "list of integers", "[200, 200]", "each 1...4096", "Layer widths"],
        ["noises", "list of numbers", "[]", "each at least 0", "Noise levels"],
        ["names", "list of texts", "[\"a\", \"b\"]", "", "Names"],
        ["entropy_target", "number or auto", "auto", "-10...0", "Entropy target"],
        ["limit", "integer or auto", "7", "at least 1", "Limit"],
        ["note", "text or auto", "auto", "", "Note"],
        ["kind", "choice", "cem", "cem, mppi, randomShooting", "Method"],
        ["kinds", "list of choices", "[\"mppi\"]", "cem, mppi, randomShooting", "Choice of methods"],
        ["maybe_kind", "choice or auto", "auto", "cem, mppi, randomShooting", "Maybe a method"],
      ])
  }

  @Test func groupsAreFlattened() {
    let rows = AgentSettings.documentation(path: "agent")
    #expect(
      rows.map(\.key) == [
        "agent.warm_up", "agent.planner.horizon", "agent.planner.population", "agent.planner.elites",
        "agent.model.hidden", "agent.model.planner.horizon", "agent.model.planner.population",
        "agent.model.planner.elites",
      ])
    #expect(rows.map(\.defaultText)[6] == "50")
    #expect(rows[1].group.key == "agent.planner" && rows[1].group.help == "Planner")
    #expect(rows[5].group.help == "Planner used while fitting")
    var changed = AgentSettings()
    changed.planner.horizon = 30
    #expect(changed.documentation()[1].defaultText == "30")
  }

  @Test func documentedDefaultsDecode() throws {
    for row in SampleSettings.documentation() + AgentSettings.documentation() {
      let assignment = try ConfigurationTree(assignment: "\(row.key)=\(row.defaultText)")
      if AgentSettings.documentation().contains(row) {
        #expect(try AgentSettings.decode(assignment) == AgentSettings())
      } else {
        #expect(try SampleSettings.decode(assignment) == SampleSettings())
      }
    }
  }

  @Test func markdownTable() {
    let table = SampleSettings.documentation().filter { ["count", "label"].contains($0.key) }.markdownTable()
    let expected = """
      | Setting | Type | Default | Range | Meaning |
      | --- | --- | --- | --- | --- |
      | `count` | integer | `15` | 1...1000 | Count |
      | `label` | text | `""` |  | Label, free \\| open |

      """
    #expect(table == expected)
  }

  @Test func alignedText() {
    let expected = """
      setting             type     default  range       meaning
      warm_up             integer  200      at least 0  Random steps first

      Planner (planner)
      planner.horizon     integer  15       1...1000    Planning horizon, in decisions
      planner.population  integer  400      1...100000  Candidate plans
      planner.elites      integer  40       at least 1  Plans kept

      """
    let rows = AgentSettings.documentation().filter { !$0.key.hasPrefix("model") }
    #expect(rows.alignedText() == expected)
    #expect([SettingDocumentation]().alignedText() == "setting  type  default  range  meaning\n")
  }
}
