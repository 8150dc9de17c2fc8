import Foundation
import Synchronization

/// A program to start, and what came of it.
final class SpawnRequest: Sendable {
  private let start: @Sendable () -> Result<pid_t, ArchiveError>
  private let outcome = Mutex<Result<pid_t, ArchiveError>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ executable: String, _ arguments: [String], input: Int32?, output: Int32?, errors: Int32?) {
    start = {
      Result { () throws(ArchiveError) in
        try Subprocess.start(executable, arguments, input: input, output: output, errors: errors)
      }
    }
  }

  fileprivate func run() {
    let result = start()
    outcome.withLock { $0 = result }
    isDone.signal()
  }

  fileprivate func wait() -> Result<pid_t, ArchiveError> {
    isDone.wait()
    return outcome.withLock { $0 } ?? .failure(.missing(name: "process"))
  }
}

/// A thread that starts programs and never ends.
final class SpawnThread: Sendable {
  static let shared = SpawnThread()
  private let requests = Mutex<[SpawnRequest]>([])
  private let hasRequests = DispatchSemaphore(value: 0)

  private init() {
    Thread.detachNewThread { [self] in
      while true { serve() }
    }
  }

  private func serve() {
    hasRequests.wait()
    requests.withLock { $0.removeFirst() }.run()
  }

  func perform(_ request: SpawnRequest) -> Result<pid_t, ArchiveError> {
    requests.withLock { $0.append(request) }
    hasRequests.signal()
    return request.wait()
  }
}
