import Archive

/// Seconds spent, since the run's very beginning, in each of its parts.
struct RunTimings {
  /// Everything, evaluation and saving included.
  var wall = 0.0
  /// Asking the agent for actions, apart from planning.
  var acting = 0.0
  var fitting = 0.0
  var planning = 0.0
  var learning = 0.0
  /// The environment's own steps.
  var stepping = 0.0
}

extension RunTimings: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var seconds = [wall, acting, fitting, planning, learning, stepping]
    try fields.field("seconds", &seconds)
    (wall, acting, fitting) = (seconds[0], seconds[1], seconds[2])
    (planning, learning, stepping) = (seconds[3], seconds[4], seconds[5])
  }
}
