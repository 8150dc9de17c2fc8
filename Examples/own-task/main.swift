// PETS and SAC on a task that this program brings along: `swift run -c release own-task`.
import Catalog
import Configuration
import Foundation
import Kernels
import Laboratory

let registry = Registry(
  environments: Catalog.registry.environments + [EnvironmentEntry(Tank.self)], families: Catalog.registry.families,
  agents: Catalog.registry.agents, components: Catalog.registry.components)

do {
  WorkerPool.configure(threads: Host.cores)
  for (agent, steps, settings) in [
    (
      "pets", 300,
      """
      model: {hidden: [64, 64], weight_decay: [1e-5]}
      planner: {population: 100, horizon: 10}
      agent: {particles: 5, fit_interval: 50}
      evaluation: {interval: 100}
      """
    ),
    (
      "sac", 2500,
      """
      learner: {hidden: [64, 64]}
      agent: {batch_size: 64, random_steps: 250}
      evaluation: {interval: 500}
      """
    ),
  ] {
    let plan = try RunPlan(
      agent: agent, environment: Tank.name, seed: 0, steps: steps,
      settings: ConfigurationTree.parse(yaml: settings, file: "settings of \(agent)"), in: registry)
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
