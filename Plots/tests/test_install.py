import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build/release/foresight"


@unittest.skipUnless(PROGRAM.exists() and shutil.which("make"), "the program is not built")
class Install(unittest.TestCase):
    """`make install` into a folder of its own, from the build that is there."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.prefix = Path(directory.name)
        cls.make("install")

    @classmethod
    def make(cls, target: str) -> None:
        # -o build: the program is not made anew
        subprocess.run(["make", "-s", "-o", "build", target, f"PREFIX={cls.prefix}"], cwd=ROOT, check=True, capture_output=True)

    def shell(self, *command: str) -> list[str]:
        """What a shell with the installed program in its path prints, in words."""
        environment = {"PATH": f"{self.prefix}/bin:{os.environ['PATH']}", "HOME": str(self.prefix), "PREFIX": str(self.prefix)}
        done = subprocess.run(command, cwd=self.prefix, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_the_program_runs_from_there(self):
        self.assertEqual(self.shell("foresight", "--version"), self.shell(str(PROGRAM), "--version"))
        self.assertIn("sac", self.shell("foresight", "list", "agents"))

    def test_bash_completes_commands_and_options(self):
        script = """
            source "$PREFIX/share/bash-completion/completions/foresight"
            offers() {
              COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
              _foresight "$1" "${@: -1}" "${@: -2:1}"
              echo "${COMPREPLY[@]}"
            }
        """
        for typed, wanted in (("ex", ["export"]), ("train --tens", ["--tensorboard"]), ("study su", ["submit"])):
            self.assertEqual(self.shell("bash", "--norc", "-c", f"{script}\noffers foresight {typed}"), wanted)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_finds_its_function(self):
        script = ("fpath=($PREFIX/share/zsh/site-functions $fpath); autoload -U compinit; compinit -D -u; "
                  "echo ${_comps[foresight]}")
        self.assertEqual(self.shell("zsh", "-f", "-c", script), ["_foresight"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes_commands(self):
        script = "source $PREFIX/share/fish/vendor_completions.d/foresight.fish; complete -C 'foresight ex'"
        self.assertIn("export", self.shell("fish", "--no-config", "-c", script))

    def test_uninstall_removes_what_install_has_made(self):
        with tempfile.TemporaryDirectory() as other:
            before, type(self).prefix = self.prefix, Path(other)
            try:
                self.make("install")
                self.make("uninstall")
                self.assertEqual([path for path in Path(other).rglob("*") if not path.is_dir()], [])
            finally:
                type(self).prefix = before


if __name__ == "__main__":
    unittest.main()
