import Foundation
import TestSupport

/// Slurm's commands as scripts that note how they were called, and a way to run the elements of an array here.
struct FakeSlurm {
  private let folder: String

  /// Puts the commands into `folder`.
  init(in folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let scripts = [
      "sbatch": """
      n=$(($(cat ids 2>/dev/null || echo 70) + 1)); echo $n >ids
      cp "${@: -1}" script-$n; echo "sbatch $*" >>calls; echo $n
      """,
      "squeue": """
      [ -f queue ] && cat queue && exit 0
      echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1
      """,
      "scontrol": """
      if [ "$1" = show ]; then echo 'MaxArraySize            = 1001'; exit 0; fi
      echo "scontrol $*" >>calls
      """,
      "scancel": "echo \"scancel $*\" >>calls; rm -f queue",
    ]
    for (name, body) in scripts {
      let path = "\(folder)/\(name)"
      try Data("#!/bin/bash\ncd '\(folder)'\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
      chmod(path, 0o755)
    }
  }

  /// Variables with which the program finds these commands first.
  var environment: [String: String] {
    ["PATH": folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")]
  }

  /// How the commands were called, but for questions.
  var calls: [String] { lines("calls") }

  /// Lines of the script that was submitted under an id.
  func script(_ id: Int) -> [String] { lines("script-\(id)") }

  /// What `squeue` answers from now on; nil for that it knows no such job.
  func setQueue(_ lines: [String]?) throws {
    let path = folder + "/queue"
    guard let lines else {
      if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
      return
    }
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
  }

  /// Starts an element as a machine of the cluster would; its job ends in `seconds`, if it has a limit.
  func start(_ id: Int, element: Int, endingIn seconds: Double? = nil) throws -> RunningProgram {
    var variables = environment
    variables["SLURM_JOB_ID"] = "\(id + 1 + element)"
    variables["SLURM_ARRAY_JOB_ID"] = "\(id)"
    variables["SLURM_ARRAY_TASK_ID"] = "\(element)"
    if let seconds { variables["SLURM_JOB_END_TIME"] = "\(Int(Date.now.timeIntervalSince1970 + seconds))" }
    return try Program.start(["\(folder)/script-\(id)"], environment: variables, of: "/bin/bash")
  }

  private func lines(_ name: String) -> [String] {
    let text = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }
}
