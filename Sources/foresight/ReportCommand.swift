import ArgumentParser

/// `foresight report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a study or a run as one HTML page with its figures, tables, settings and failures.",
    discussion: """
      The page needs no other file and is opened from disk. Runs Plots/report.py, with any further arguments.

      Example:
        foresight report Experiments/demo/results
        foresight report runs/Pendulum-v1/sac/seed-0 --out sac.html
      """)

  @Argument(help: "The folder of a study or of a run.")
  var folder: String
  @Argument(parsing: .captureForPassthrough, help: "Arguments for Plots/report.py.")
  var further: [String] = []

  func run() throws { try reportingErrors { try PlotCommand.runPython("report.py", [folder] + further) } }
}

/// `foresight watch`.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Show a study or a run on a live page while it goes on.",
    discussion: """
      Prints the page's address, which holds a token and is only of this machine, and serves it until it is interrupted. \
      Runs Plots/watch.py, with any further arguments.

      Example:
        foresight watch Experiments/demo/results
        foresight watch runs/Pendulum-v1/sac/seed-0 --port 8080
      """)

  @Argument(help: "The folder of a study or of a run.")
  var folder: String
  @Argument(parsing: .captureForPassthrough, help: "Arguments for Plots/watch.py.")
  var further: [String] = []

  func run() throws { try reportingErrors { try PlotCommand.runPython("watch.py", [folder] + further) } }
}

/// `foresight serve`.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answer observations with a run's actions over a Unix socket.",
    discussion: """
      For a robot's loop or a program in another language: a line of JSON with an observation in, a line with an action \
      out. Runs Plots/serve.py, with any further arguments.

      Example:
        foresight serve runs/Pendulum-v1/sac/seed-0 --socket /tmp/policy.sock
      """)

  @Argument(help: "The run's folder.")
  var folder: String
  @Argument(parsing: .captureForPassthrough, help: "Arguments for Plots/serve.py.")
  var further: [String] = []

  func run() throws { try reportingErrors { try PlotCommand.runPython("serve.py", [folder] + further) } }
}
