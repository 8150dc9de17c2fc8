import Foundation
import GymnasiumEnvironments
import Laboratory

/// Turns signals into a request to stop, and sees to it that the process leaves in time.
enum Signals {
  /// What the signals ask.
  static let stop = StopRequest()

  /// From now on SIGHUP, SIGINT and SIGTERM raise `stop`, and SIGUSR1 asks to save and go on. A process that has not
  /// left `grace` seconds after the first of those that stop it, because a step takes that long, is ended as if the
  /// signal had killed it; its last checkpoint stays. A checkpoint under way is waited for.
  ///
  /// A file that reached its size limit becomes an error of the write instead of a signal, as a closed output already
  /// is.
  static func install(grace: Double?) {
    _ = stop.isRaised  // made now, because a signal handler must not make it
    // Programs that start others from their worker threads often leave them with signals blocked.
    var asking = sigset_t()
    sigemptyset(&asking)
    for number in [SIGHUP, SIGINT, SIGTERM] {
      signal(number) { number in Signals.stop.raise(number) }
      sigaddset(&asking, number)
    }
    signal(SIGUSR1) { _ in Signals.stop.requestSave() }
    sigaddset(&asking, SIGUSR1)
    pthread_sigmask(SIG_UNBLOCK, &asking, nil)
    signal(SIGXFSZ, SIG_IGN)
    guard let grace else { return }
    Thread.detachNewThread {
      while true {
        usleep(50_000)
        guard let number = stop.signal else { continue }
        // a checkpoint under way is waited for, however long that takes: it may be the one that answers the request
        repeat { usleep(UInt32(grace * 1e6)) } while stop.waitUntilFree()
        sayLeft()
        WorkerProcesses.killAll()
        _exit(128 + number)
      }
    }
  }

  /// Says that a step was cut short, unless that would hold the process up or fail: nobody may be reading any more.
  private static func sayLeft() {
    var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&output, 1, 0) == 1, output.revents == Int16(POLLOUT) else { return }
    let line = "left in the middle of a step; the same command continues from the last checkpoint\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }
}
