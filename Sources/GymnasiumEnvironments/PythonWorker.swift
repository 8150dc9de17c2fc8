import Archive
import CSIMD
import Foundation
import Synchronization

/// A Python process that steps environments: `worker.py`, which documents the protocol, and this end of it.
///
/// One request at a time: `exclusively` keeps other threads out. After a failure of the process itself (`isAlive` is
/// false) every request fails.
final class PythonWorker: @unchecked Sendable {
  /// What is asked through the control page.
  enum Kind: UInt64 {
    case message = 0
    case reset = 1
    case step = 2
    case score = 3

    var activity: String {
      switch self {
      case .message: "a message"
      case .reset: "reset"
      case .step: "step"
      case .score: "scoring imagined steps"
      }
    }
  }

  /// Words of the control page.
  private enum Word: Int {
    case request, reply, asleep, waiting, kind, group, failed, count
  }

  let task: GymnasiumTask
  /// Version of Gymnasium.
  private(set) var gymnasium = ""
  let process: pid_t
  private let messages: Int32
  private let bell: Int32
  private var control: SharedMemory?
  private let lock = Mutex<Void>(())
  private var requests: UInt64 = 0
  /// Why the process is gone.
  private var end: String?
  /// Its exit status, once it is reaped: its number may then be another's.
  private var status: Int32?
  /// How long an answer to a reset or step has taken lately.
  private var usual = Duration.zero
  /// Whether answers can be looked for at all: not where the worker has no other processor to run on.
  private var canLook = false
  private var patience = Patience()

  /// Starts Python for `task`. Throws when it cannot be started, has no Gymnasium, or takes too long.
  init(for task: GymnasiumTask) throws(GymnasiumError) {
    self.task = task
    var (first, second): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &first) == 0 else { throw .cannotStart(reason: "no sockets are left") }
    guard socketpair(AF_UNIX, kind, 0, &second) == 0 else {
      close(first[0])
      close(first[1])
      throw .cannotStart(reason: "no sockets are left")
    }
    (messages, bell) = (first[0], second[0])
    let source = PackageResources.worker_py
    do {
      // Open here as well, the other ends would hide that the process has closed them.
      defer {
        close(first[1])
        close(second[1])
      }
      process = try Subprocess.startFromLastingThread(
        task.interpreter, ["-c", Self.bootstrap, "\(source.count)", "\(getpid())"], input: first[1],
        output: second[1], errors: nil)
    } catch {
      close(messages)
      close(bell)
      throw .cannotStart(reason: "\(error); environment.python names another interpreter")
    }
    WorkerProcesses.add(process)
    let deadline = Deadline(task.startTimeout, "start", setting: "start_timeout")
    try write(source, deadline)
    let greeting: WorkerGreeting = try receive(deadline).answer
    gymnasium = greeting.gymnasium
    canLook = SharedMemory.isStronglyOrdered && greeting.processors > 1
    control = try SharedMemory(of: process, descriptor: greeting.control, size: Int(getpagesize()))
  }

  /// Reads the source of the worker from standard input and runs it as a module, so that its functions can be named.
  private static let bootstrap =
    PythonInterpreter.passingWorkingFolder + """
      import linecache, os, types
      size, parent, source = int(sys.argv[1]), int(sys.argv[2]), b""
      while len(source) < size: source += os.read(0, size - len(source)) or sys.exit(1)
      sys.argv = ["foresight_gymnasium.py"]
      worker = sys.modules["foresight_gymnasium"] = types.ModuleType("foresight_gymnasium")
      worker.__file__ = "foresight_gymnasium.py"
      exec(compile(source, worker.__file__, "exec"), worker.__dict__)
      worker.main(parent)
      """

  deinit {
    close(messages)
    close(bell)
    if end == nil { finish(within: 1) }
  }

  /// Whether the process still serves.
  var isAlive: Bool { lock.withLock { _ in end == nil } }

  /// Runs `body` with the worker to itself.
  func exclusively<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    try lock.withLock { _ throws(Failure) in try body() }
  }

  // MARK: - Messages

  /// Sends a message and waits for its answer. Only within `exclusively`.
  func ask<Answer: Decodable>(
    _ request: WorkerRequest, _ data: [UInt8] = [], within deadline: Deadline
  ) throws(GymnasiumError) -> (answer: Answer, data: [UInt8]) {
    try begin(.message, group: 0, deadline)
    guard let content = try? JSONEncoder().encode(request) else { preconditionFailure("a request is always JSON") }
    var bytes: [UInt8] = []
    for count in [content.count, data.count] {
      withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.append(contentsOf: $0) }
    }
    try write(bytes + Array(content) + data, deadline)
    return try receive(deadline)
  }

  private func receive<Answer: Decodable>(
    _ deadline: Deadline
  ) throws(GymnasiumError) -> (answer: Answer, data: [UInt8]) {
    let (content, data) = try receiveMessage(deadline)
    if let exception = try? JSONDecoder().decode(WorkerException.self, from: Data(content)) {
      throw error(exception.error, in: deadline.activity)
    }
    do {
      return (try JSONDecoder().decode(Answer.self, from: Data(content)), data)
    } catch {
      throw fail("it sent \(String(decoding: content.prefix(200), as: UTF8.self)), which makes no sense", deadline)
    }
  }

  private func receiveMessage(_ deadline: Deadline) throws(GymnasiumError) -> (content: [UInt8], data: [UInt8]) {
    let lengths = try read(8, deadline)
    func length(_ start: Int) -> Int {
      lengths[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    // what is no message begins with any number
    guard length(0) <= Self.longestMessage else { throw fail("it sent what is no message", deadline) }
    return (try read(length(0), deadline), try read(length(4), deadline))
  }

  private func error(_ exception: WorkerException.Content, in activity: String) -> GymnasiumError {
    switch exception.kind {
    case "python" where activity != "make":
      .raised(
        environment: task.name, activity: activity, exception: exception.message, traceback: exception.traceback)
    case "python":
      .refused(
        environment: task.name, reason: exception.message, traceback: exception.traceback, isMistake: false)
    case "package" where activity == "start": .cannotStart(reason: exception.message)
    default: .refused(environment: task.name, reason: exception.message, traceback: "", isMistake: true)
    }
  }

  private static let longestMessage = 64 << 20

  // MARK: - Resets and steps

  /// Asks for a reset or step of a group, or for scores of `count` steps, without waiting. Only within `exclusively`;
  /// `complete` must follow.
  func begin(_ kind: Kind, group: Int, count: Int = 0, _ deadline: Deadline) throws(GymnasiumError) {
    if let end { throw .died(environment: task.name, activity: deadline.activity, reason: end) }
    guard let control else { preconditionFailure("a request before the greeting") }
    control.store(kind.rawValue, Word.kind.rawValue)
    control.store(UInt64(group), Word.group.rawValue)
    control.store(UInt64(count), Word.count.rawValue)
    requests += 1
    control.store(requests, Word.request.rawValue)
    if control.load(Word.asleep.rawValue) != 0 || !SharedMemory.isStronglyOrdered { ring() }
  }

  /// Waits for what `begin` asked.
  func complete(_ deadline: Deadline) throws(GymnasiumError) {
    guard let control else { preconditionFailure("no request to complete") }
    if control.load(Word.reply.rawValue) != requests {
      let start = ContinuousClock.now
      if !looks(control, from: start) { try sleep(control, deadline) }
      usual += (min(ContinuousClock.now - start, .milliseconds(4)) - usual) / 8
    }
    guard control.load(Word.failed.rawValue) != 0 else { return }
    let (content, _) = try receiveMessage(deadline)
    guard let exception = try? JSONDecoder().decode(WorkerException.self, from: Data(content)) else {
      throw fail("it sent an error that makes no sense", deadline)
    }
    throw error(exception.error, in: deadline.activity)
  }

  /// Looks for an answer for some times as long as it usually takes; true if it came. Answers that take longer than a
  /// millisecond are not looked for: being woken up takes little beside that. Nor are others where looks are in vain.
  private func looks(_ control: borrowing SharedMemory, from start: ContinuousClock.Instant) -> Bool {
    guard canLook, usual < .milliseconds(1), patience.mayLook() else { return false }
    let limit = start.advanced(by: max(.microseconds(250), usual * 4))
    var isDone = false
    repeat {
      for _ in 0..<4 where !isDone {
        isDone = control.load(Word.reply.rawValue) == requests
        if !isDone { foresight_pause() }
      }
    } while !isDone && ContinuousClock.now < limit
    patience.looked(inVain: !isDone)
    return isDone
  }

  private func sleep(_ control: borrowing SharedMemory, _ deadline: Deadline) throws(GymnasiumError) {
    control.store(1, Word.waiting.rawValue)
    defer { control.store(0, Word.waiting.rawValue) }
    while control.load(Word.reply.rawValue) != requests {
      try wait(for: bell, Int16(POLLIN), deadline)
      var rings: (UInt64, UInt64) = (0, 0)
      var taken = 0
      repeat { taken = recv(bell, &rings, 16, Int32(MSG_DONTWAIT)) } while taken > 0
      // the other end is closed, and nothing will ring any more
      if taken == 0, control.load(Word.reply.rawValue) != requests { throw fail(nil, deadline) }
    }
  }

  private func ring() {
    var sound: UInt8 = 33
    _ = send(bell, &sound, 1, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
  }

  // MARK: - Bytes

  private func write(_ bytes: [UInt8], _ deadline: Deadline) throws(GymnasiumError) {
    var done = 0
    while done < bytes.count {
      try wait(for: messages, Int16(POLLOUT), deadline)
      let put = bytes.withUnsafeBytes { raw in
        send(
          messages, raw.baseAddress.map { $0 + done }, raw.count - done,
          Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if put > 0 { done += put } else if errno != EAGAIN && errno != EINTR { throw fail(nil, deadline) }
    }
  }

  private func read(_ count: Int, _ deadline: Deadline) throws(GymnasiumError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      try wait(for: messages, Int16(POLLIN), deadline)
      let got = bytes.withUnsafeMutableBytes { raw in
        recv(messages, raw.baseAddress.map { $0 + done }, count - done, Int32(MSG_DONTWAIT))
      }
      if got > 0 { done += got } else if got == 0 || (errno != EAGAIN && errno != EINTR) { throw fail(nil, deadline) }
    }
    return bytes
  }

  /// Waits a quarter of a second at most for a descriptor to be ready. Throws when the process is gone, even where one
  /// that it has started holds its ends open, or the time is up.
  private func wait(for descriptor: Int32, _ events: Int16, _ deadline: Deadline) throws(GymnasiumError) {
    var poll = pollfd(fd: descriptor, events: events, revents: 0)
    let (left, slice) = (deadline.secondsLeft, 0.25)
    var ready = Foundation.poll(&poll, 1, Int32((min(slice, max(0, left)) * 1000).rounded(.up)))
    if ready == 0, hasEnded {
      // what it sent before is still to be read
      ready = Foundation.poll(&poll, 1, 0)
      if ready == 0 { throw fail(nil, deadline) }
    }
    if poll.revents & events != 0 || ready < 0 && errno == EINTR { return }
    if ready != 0 { throw fail(nil, deadline) }
    if left > slice { return }
    end = "it had been ended because it took too long"
    finish(within: 0)
    throw .timedOut(
      environment: task.name, activity: deadline.activity, seconds: deadline.seconds, setting: deadline.setting)
  }

  /// Notes that the process is of no more use, for `reason` or because it has left.
  private func fail(_ reason: String?, _ deadline: Deadline) -> GymnasiumError {
    let status = finish(within: reason == nil ? 1 : 0)
    let text = reason ?? Self.words(for: status)
    end = text
    return .died(environment: task.name, activity: deadline.activity, reason: text)
  }

  /// Whether the process has ended by itself.
  private var hasEnded: Bool {
    if status == nil, let status = Subprocess.poll(process) { note(status) }
    return status != nil
  }

  private func note(_ status: Int32) {
    self.status = status
    WorkerProcesses.remove(process)
  }

  /// Reaps the process, which gets `seconds` to leave by itself. Its exit status as a shell has it.
  @discardableResult
  private func finish(within seconds: Double) -> Int32 {
    let limit = Deadline(seconds, "", setting: "")
    while limit.secondsLeft > 0, !hasEnded { usleep(2000) }
    if let status { return status }
    kill(process, SIGKILL)
    let outcome = Subprocess.wait(for: process)
    note(outcome)
    return outcome
  }

  private static func words(for status: Int32) -> String {
    guard status > 128 else { return "exit status \(status)" }
    return "signal \(status - 128), \(strsignal(status - 128).map { String(cString: $0) } ?? "unknown")"
  }
}

/// A point in time until which something must be done, with what is told when it is not.
struct Deadline {
  let activity: String
  let seconds: Double
  /// The setting that holds `seconds`.
  let setting: String
  private let time: ContinuousClock.Instant

  init(_ seconds: Double, _ activity: String, setting: String) {
    self.seconds = seconds
    self.activity = activity
    self.setting = setting
    time = .now + .seconds(seconds)
  }

  var secondsLeft: Double { (time - .now) / .seconds(1) }
}
