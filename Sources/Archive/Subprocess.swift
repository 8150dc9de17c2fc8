import Foundation

/// Starting other programs and waiting for their end.
package enum Subprocess {
  /// Starts `executable`, looked up in `PATH` unless it has a slash, with this process's environment variables and the
  /// given standard input, output and errors; nil leaves them as they are here. Other open files stay behind: a program that
  /// held the end of a pipe to another one would keep that from ending. Throws `ArchiveError.system`.
  package static func start(
    _ executable: String, _ arguments: [String], input: Int32?, output: Int32?, errors: Int32?
  ) throws(ArchiveError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    for (descriptor, standard) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
      if let descriptor { posix_spawn_file_actions_adddup2(&actions, descriptor, standard) }
    }
    // Neither blocked nor ignored signals are handed on.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    keepFilesToThisProcess()
    var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] =
      ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    var identifier: pid_t = 0
    let status = posix_spawnp(&identifier, executable, &actions, &attributes, &argv, &environment)
    posix_spawnattr_destroy(&attributes)
    posix_spawn_file_actions_destroy(&actions)
    (argv + environment).forEach { free($0) }
    guard status == 0 else {
      throw .system(action: "start", path: executable, reason: String(cString: strerror(status)))
    }
    return identifier
  }

  /// The same from a thread that lasts as long as this process: a program that asks to be told of its parent's end
  /// (`PR_SET_PDEATHSIG`) is told of the end of the thread that started it.
  package static func startFromLastingThread(
    _ executable: String, _ arguments: [String], input: Int32?, output: Int32?, errors: Int32?
  ) throws(ArchiveError) -> pid_t {
    let start = SpawnRequest(executable, arguments, input: input, output: output, errors: errors)
    return try SpawnThread.shared.perform(start).get()
  }

  /// Marks the open files beyond the standard ones to be closed in programs that are started.
  private static func keepFilesToThisProcess() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
      let flags = fcntl(descriptor, F_GETFD)
      if flags >= 0 && flags & FD_CLOEXEC == 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
    }
  }

  /// Waits for the process to end; its exit status, or 128 and the signal that killed it.
  package static func wait(for identifier: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
    return outcome(of: status)
  }

  /// The same without waiting: nil while the process runs.
  package static func poll(_ identifier: pid_t) -> Int32? {
    var status: Int32 = 0
    return waitpid(identifier, &status, WNOHANG) == identifier ? outcome(of: status) : nil
  }

  private static func outcome(of status: Int32) -> Int32 {
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
