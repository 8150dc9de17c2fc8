// A task, a world, a planner, a learner and a method that this program brings along, each in one file:
// `swift run -c release own-parts [STEPS]`.
import Catalog
import Configuration
import Foundation
import Kernels
import Laboratory

let registry = Registry(
  environments: Catalog.registry.environments + [EnvironmentEntry(Tank.self)], families: Catalog.registry.families,
  agents: Catalog.registry.agents + [.tankPhysics, .heldActions, .fourierQ, .hillClimbing],
  components: Catalog.registry.components)

let ensemble = ["model.hidden=[64, 64]", "model.weight_decay=[1e-5]", "agent.particles=5", "agent.fit_interval=50"]
/// Agents, how many steps they learn for, and their settings.
let runs = [
  ("pets", 300, ensemble + ["planner.population=100", "planner.horizon=10"]),
  (
    "tank-physics", 300, ["planner.population=100", "planner.horizon=10", "agent.particles=1", "agent.fit_interval=50"]
  ),
  ("held-actions", 300, ensemble),
  ("sac", 2500, ["learner.hidden=[64, 64]", "agent.batch_size=64", "agent.random_steps=250"]),
  ("fourier-q", 2500, ["agent.batch_size=32", "agent.random_steps=250"]),
  ("hill-climbing", 5000, []),
]
do {
  WorkerPool.configure(threads: Host.cores)
  let limit = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? .max
  for (agent, budget, settings) in runs {
    let steps = min(budget, limit)
    var tree = ConfigurationTree()
    for setting in settings + ["evaluation.interval=\(max(steps / 5, 1))"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting, source: "settings of \(agent)"))
    }
    let plan = try RunPlan(
      agent: agent, environment: Tank.name, seed: 0, steps: steps, settings: tree, in: registry)
    let folder = RunFolder(output: "runs", plan: plan)
    switch try Run.open(plan, in: folder, host: Host.facts(threads: Host.cores)) {
    case .alreadyDone: print("\(folder.path) is done already")
    case .ready(var run):
      _ = try run.execute(stop: StopRequest()) { progress in
        print("\(agent): step \(progress.steps) of \(progress.budget), evaluation \(progress.evaluation ?? .nan)")
      }
    }
    print("results in \(folder.path)")
  }
} catch {
  print("error: \(error)")
  exit(1)
}
