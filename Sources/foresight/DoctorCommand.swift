import Archive
import ArgumentParser
import Foundation
import Kernels
import Laboratory

#if MuJoCo
import MuJoCoEnvironments
#endif

/// `foresight doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Show what is installed and, for anything missing, the command that installs it.",
    discussion: """
      The exit status is 1 when something is missing that is always needed.

      Example:
        foresight doctor
      """)

  func run() throws {
    let python = PythonFacts()
    let share = CoreShare.available()
    var rows: [(name: String, state: String, remedy: String?)] = [
      ("foresight", "\(Foresight.version), built with \(Foresight.toolchain)", nil),
      ("system", Host.system, nil),
      ("cores", share.words, nil),
      ("threads", "\(share.count) unless --threads says otherwise; BLAS itself uses one", nil),
      ("BLAS", "\(BLAS.coreName) (\(BLAS.configuration))", nil),
      (
        "bfloat16",
        "products by \(BFloat16Product.hasTiles ? "the tile unit (AMX)" : "vectors, slower than single precision's")",
        nil
      ),
    ]
    if let root = PackageRoot.find() {
      rows.append(("package", root, nil))
    } else {
      rows.append(("package", "not found", "run from the package's folder, or set FORESIGHT_HOME to it"))
    }
    rows.append(("Python", python.version ?? "no environment", python.version == nil ? "make setup" : nil))
    for (name, version) in python.packages {
      rows.append((name, version ?? "missing", version == nil ? "make setup" : nil))
    }
    #if MuJoCo
    let models = ModelFiles.folder
    rows.append(("MuJoCo", "\(MuJoCoLibrary.version), linked", nil))
    rows.append(("models", models ?? "of the MuJoCo tasks: not found", models == nil ? "make setup" : nil))
    #endif
    if python.version != nil {
      let failure = GymnasiumFacts.failure()
      rows.append(("worker", failure ?? "steps \(GymnasiumFacts.probe)", failure == nil ? nil : "make setup"))
    }
    for row in rows {
      let mark = row.remedy == nil ? "ok     " : "MISSING"
      print("\(mark)  \(ProgressText.padded(row.name, 12))  \(row.state)")
      if let remedy = row.remedy { print("         \(ProgressText.padded("", 12))  mend it with: \(remedy)") }
    }
    #if !MuJoCo
    Self.printOptional("MuJoCo", nil, use: "the MuJoCo tasks; this program was built without it", remedy: "make build")
    #endif
    let recording = RecordingFacts()
    Self.printOptional("ffmpeg", recording.ffmpeg, use: "videos", remedy: "apt-get install ffmpeg")
    Self.printOptional(
      "OpenGL", recording.offscreen, use: "videos of MuJoCo tasks", remedy: "apt-get install libegl1 libgl1-mesa-dri")
    if rows.contains(where: { $0.remedy != nil }) { throw ExitCode(FailureStatus.failed) }
  }
}

extension DoctorCommand {
  /// A line about something that only some need.
  fileprivate static func printOptional(_ name: String, _ state: String?, use: String, remedy: String) {
    print(
      "\(state == nil ? "absent " : "ok     ")  \(ProgressText.padded(name, 12))  \(state ?? "needed only for \(use)")")
    if state == nil { print("         \(ProgressText.padded("", 12))  get it with: \(remedy)") }
  }
}

/// What the package's Python environment has.
private struct PythonFacts {
  /// Version of the interpreter, nil if there is none.
  let version: String?
  /// Versions of the packages that figures, notebook and tests need; nil for those that are missing.
  let packages: [(name: String, version: String?)]

  init() {
    let needed = [
      "numpy", "pandas", "scipy", "matplotlib", "rliable", "nbclient", "gymnasium", "mujoco", "imageio", "box2d",
      "ale-py",
      "pygame-ce", "safetensors",
    ]
    let script = """
      import platform, sys
      from importlib import metadata
      print(platform.python_version())
      for name in sys.argv[1:]:
          try: print(name, metadata.version(name))
          except metadata.PackageNotFoundError: pass
      """
    let lines = Self.output(of: script, needed).split(separator: "\n").map(String.init)
    version = lines.first
    packages = needed.map { name in
      (name, lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) })
    }
  }

  private static func output(of script: String, _ arguments: [String]) -> String {
    guard let root = PackageRoot.find() else { return "" }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: PackageRoot.python(in: root))
    process.arguments = ["-c", PythonInterpreter.passingWorkingFolder + script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}

extension CoreShare {
  /// "2", or "1 of 2: this process is bound to them".
  fileprivate var words: String {
    reason.map { "\(count) of \(sysconf(Int32(_SC_NPROCESSORS_ONLN))): \($0)" } ?? "\(count)"
  }
}
