import ArgumentParser

/// `foresight completions`.
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print a script that completes this program's commands and options in bash, zsh or fish.",
    discussion: """
      'make install' puts the three where the shells look for them. By hand:
        foresight completions bash > ~/.local/share/bash-completion/completions/foresight
        foresight completions zsh > ~/.zfunc/_foresight      (with fpath+=~/.zfunc before compinit in ~/.zshrc)
        foresight completions fish > ~/.config/fish/completions/foresight.fish
      """)

  @Argument(help: "bash, zsh or fish.")
  var shell: String

  func run() throws {
    guard ["bash", "zsh", "fish"].contains(shell), let kind = CompletionShell(rawValue: shell) else {
      throw ValidationError("'\(shell)' is no shell that is known: bash, zsh or fish")
    }
    print(ForesightCommand.completionScript(for: kind))
  }
}
