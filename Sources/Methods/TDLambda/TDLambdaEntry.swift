import Configuration
import Interfaces
import Laboratory
import Learners
import Models

extension AgentEntry {
  /// TD(lambda) prediction in a table.
  public static let tdLambda = AgentEntry(
    "td-lambda", summary: "values of the random policy in a table, by TD(lambda)", secondsPerStep: 1e-6,
    tiny: TinyRun(in: "random-walk", ["environment.states=5", "agent.trial_episodes=4"]),
    singleCopyReason: "an eligibility trace is of one episode"
  ) { (settings: TDLambdaAgentSettings, environment, _) throws(ConfigurationError) in
    let sizes = try NumberedStates(of: environment, for: "td-lambda")
    let process = (environment.environment as? any FiniteEnvironment)?.process
    return TDLambdaAgent(
      StateValues(settings.learner, states: sizes.states), actions: sizes.actions,
      trialEpisodes: settings.agent.trialEpisodes,
      // none where the policy may go on for ever, undiscounted
      truth: process.flatMap { try? $0.values(of: $0.uniformPolicy, discount: settings.learner.discount) })
  }
}
