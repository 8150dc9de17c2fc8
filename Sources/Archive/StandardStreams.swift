import Foundation

/// Standard input, output and errors, which may be closed, full, or read by nobody any more.
package enum StandardStreams {
  /// Opens those of the three that are closed on `/dev/null`, so that no file or socket of this program gets their
  /// numbers, and turns writing to a pipe that nobody reads into an error of the write. To be called before anything is
  /// opened.
  package static func prepare() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // the lowest free number, which is this one
      let opened = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
      if opened >= 0 && opened != descriptor {
        dup2(opened, descriptor)
        close(opened)
      }
    }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Writes text to the standard error output. What cannot be written is lost: there is nowhere else to say so.
  package static func writeErrors(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let put = write(STDERR_FILENO, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if put > 0 {
          done += put
        } else if put < 0 && errno == EAGAIN {
          // another program has set the terminal or pipe to not wait
          var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
          if poll(&output, 1, 1000) <= 0 { return }
        } else if put == 0 || errno != EINTR {
          return
        }
      }
    }
  }
}
