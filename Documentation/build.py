"""Builds a site of all Markdown pages of the repository: python Documentation/build.py --out FOLDER.

The pages stay where they are: beside what they describe, with links that work on GitHub. This gathers them, and every
file that they link to, under the same paths into FOLDER/../site-pages, makes the navigation, and calls MkDocs, for which a
warning is an error.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^\[[^\]]+\]\(([^)\s#]+\.(swift|py))\)$", re.MULTILINE)
"""A paragraph that is a link to a source file alone: the site shows the file below it, so that page and code cannot differ."""
START = ("quick-start", "concepts", "extending", "coming-from", "citing")
STUDIES = ("studies", "tuning", "clusters")
METHODS = {
    "Planning in models": ("PETS", "MPC", "ILQR", "LOOP"),
    "Learning in models": ("MBPO", "METRPO", "MVE", "Dyna", "MBA", "PolicyBackpropagation", "MCPILCO", "PILCO"),
    "Local models": ("LQRFLM", "GuidedPolicySearch"),
    "Model-free": ("SAC", "REDQ", "DroQ", "CrossQ", "TD3", "NAF", "MaximizedQ", "QTOpt", "DQN", "FittedQ", "Random"),
    "Policy gradients": ("REINFORCE", "ActorCritic", "A2C", "NPG", "TRPO", "PPO", "KLPenalty"),
    "From data": ("BehaviourCloning", "DAgger", "IQL", "CQL", "MOPO"),
    "Tables": ("PolicyIteration", "ValueIteration", "TDLambda", "SARSA", "QLearning", "DoubleQLearning", "DynaQ"),
    "Several learners, one policy": ("Distillation", "DivideAndConquer", "Distral"),
}
"""Groups of the navigation; methods that are in none come last."""


def tracked(pattern: str) -> list[Path]:
    """Files of the repository that match, committed or new, relative to its root."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    return [Path(line) for line in sorted(set(listed.stdout.splitlines())) if (ROOT / line).is_file()]


def gather(pages: list[Path], folder: Path) -> None:
    """Copies the pages and what they link to."""
    if folder.exists():
        shutil.rmtree(folder)
    for page in pages:
        place = folder / page
        place.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / page).read_text(encoding="utf-8")
        place.write_text(CODE.sub(lambda found, page=page: with_code(found, page), text), encoding="utf-8")
        for target in LINK.findall(text):
            linked = (ROOT / page.parent / unquote(target.partition("#")[0])).resolve()
            if "://" in target or not linked.is_file() or not linked.is_relative_to(ROOT):
                continue
            copy = folder / linked.relative_to(ROOT)
            if linked.suffix != ".md" and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(linked, copy)
    shutil.copyfile(HERE / "site.css", folder / "site.css")


def with_code(found: re.Match, page: Path) -> str:
    """The link with the text of the file that it leads to."""
    code = (ROOT / page.parent / found[1]).read_text(encoding="utf-8")
    return f"{found[0]}\n\n```{'python' if found[2] == 'py' else found[2]}\n{code.rstrip()}\n```"


def title(page: Path) -> str:
    """A page's first heading."""
    found = re.search(r"^# (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else page.stem


def entry(page: Path, name: str | None = None) -> dict[str, str]:
    return {name or title(page): page.as_posix()}


def methods(pages: list[Path]) -> list[dict]:
    """The methods' pages in their groups."""
    found = {page.parts[2]: page for page in pages if page.parts[:2] == ("Sources", "Methods") and len(page.parts) == 4}
    sections = []
    for group, names in METHODS.items():
        sections.append({group: [entry(found.pop(name)) for name in names if name in found]})
    if found:
        sections.append({"More": [entry(page) for page in found.values()]})
    return [section for section in sections if next(iter(section.values()))]


def studies(pages: list[Path]) -> list:
    """The index of Experiments, and the studies in its order and under its headings."""
    index = Path("Experiments/README.md")
    sections: list = [entry(index, "Overview")]
    for part in re.split(r"^## ", (ROOT / index).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        linked = dict.fromkeys(re.findall(r"\]\(([\w-]+)/README\.md\)", part))
        listed = [Path("Experiments") / name / "README.md" for name in linked]
        if listed:
            sections.append({part.splitlines()[0]: [entry(page) for page in listed if page in pages]})
    return sections


def documents(pages: list[Path], names: tuple[str, ...]) -> list[dict[str, str]]:
    """Pages of this folder, in that order."""
    return [entry(page) for name in names if (page := Path("Documentation") / f"{name}.md") in pages]


def navigation(pages: list[Path]) -> list:
    """The site's navigation; pages that no list below names come last, under `More`."""
    sections: list = [
        {"Home": "README.md"},
        {"Start": documents(pages, START)},
        {"Methods": methods(pages)},
        {"Environments": [entry(page) for page in pages if page.parts[0] == "Sources" and page.parts[1] != "Methods"]},
        {"Studies": documents(pages, STUDIES)},
        {"Experiments": studies(pages)},
        {"Files and figures": "Plots/README.md"},
        {"Examples": "Examples/README.md"},
        {"Speed": [entry(page) for page in pages if page.parts[0] == "Benchmarks"]},
        {"Changes": "CHANGELOG.md"},
    ]
    text = str(sections)
    rest = [entry(page) for page in pages if f"'{page.as_posix()}'" not in text]
    return sections + ([{"More": rest}] if rest else [])


def keep_offline(site: Path) -> None:
    """Has every page take the one script that the theme would load from elsewhere from the site itself."""
    shutil.copyfile(HERE / "frame-worker.js", site / "assets" / "frame-worker.js")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        up = "../" * (len(page.relative_to(site).parts) - 1)
        text = text.replace("https://unpkg.com/iframe-worker/shim", f"{up}assets/frame-worker.js")
        loaded = re.findall(r"<(?:script|img|link)[^>]* (?:src|href)=\"?(https?:[^\" >]+)", text)
        if loaded:
            raise SystemExit(f"error: {page.relative_to(site)} would load {loaded[0]}")
        page.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Returns MkDocs' exit status."""
    parser = argparse.ArgumentParser(description="Builds a site of all Markdown pages of the repository.")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the site's folder; it is replaced")
    options = parser.parse_args(arguments)
    out = options.out.resolve()
    work = out.parent / "site-pages"
    pages = tracked("*.md")
    gather(pages, work / "pages")
    additions = yaml.safe_dump({"nav": navigation(pages), "site_dir": str(out)}, allow_unicode=True, sort_keys=False)
    (work / "mkdocs.yml").write_text((HERE / "mkdocs.yml").read_text(encoding="utf-8") + additions, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(work / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # an advertisement, not a warning of this site
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in done.stdout.splitlines():
        if not line.startswith("INFO"):
            print(line, file=sys.stderr)
    if done.returncode == 0:
        keep_offline(out)
        print(f"{len(pages)} pages; open {out / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
