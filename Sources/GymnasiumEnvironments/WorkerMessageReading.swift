import Foundation

/// Messages of workers, read as the program reads them: for tests.
package enum WorkerMessageReading {
  /// What a message says, where it makes sense. Throws for others.
  package static func read(_ content: [UInt8]) throws {
    let data = Data(content)
    if let exception = try? JSONDecoder().decode(WorkerException.self, from: data) {
      _ = exception.error.message
      return
    }
    if (try? JSONDecoder().decode(WorkerGreeting.self, from: data)) != nil { return }
    if let picture = try? JSONDecoder().decode(PictureSize.self, from: data) {
      _ = picture.height
      return
    }
    let description = try JSONDecoder().decode(GroupDescription.self, from: data)
    if let problem = description.problem(copies: 2, scores: 3) { throw Refused(reason: problem) }
    _ = description.spec
  }

  private struct Refused: Error { let reason: String }

  /// One of each kind.
  package static var examples: [String] {
    [
      """
      {"group": 0, "observation": {"size": 12, "bytes": true, "image": [2, 2, 3], "maximum": 255, "one_hot": false, \
      "names": []}, "action": {"kind": "box", "counts": null, "low": [-1, -2], "high": [1, 2]}, "step_limit": 200, \
      "time_step": 0.05, "descriptor": 5, "size": 4096, "offsets": {"actions": 0, "seeds": 64, "rewards": 128, \
      "endings": 192, "observations": 256, "finals": 512, "score_states": 1024, "score_actions": 1536, \
      "score_next": 2048, "score_rewards": 3072, "score_terminations": 3328}, "known": {"rewards": true, \
      "terminations": false}, "provenance": {"Python": "3.11"}}
      """,
      """
      {"group": 1, "observation": {"size": 3, "bytes": false, "image": null, "maximum": null, "one_hot": true, \
      "names": ["x", "y", "z"]}, "action": {"kind": "choices", "counts": [2, 3], "low": null, "high": null}, \
      "step_limit": null, "time_step": 1, "descriptor": 5, "size": 4096, "offsets": {"actions": 0, "seeds": 64, \
      "rewards": 128, "endings": 192, "observations": 256, "finals": 512, "score_states": null, "score_actions": null, \
      "score_next": null, "score_rewards": null, "score_terminations": null}, "known": {"rewards": false, \
      "terminations": false}, "provenance": {}}
      """,
      "{\"error\": {\"kind\": \"ValueError\", \"message\": \"no\", \"traceback\": \"File\"}}",
      "{\"control\": 3, \"gymnasium\": \"1.0\", \"processors\": 2}", "{\"height\": 3, \"width\": 4}",
      "{\"refused\": \"cannot pickle\"}",
    ]
  }
}
