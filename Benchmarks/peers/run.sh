#!/usr/bin/env bash
# Compares Foresight with Python libraries that do the same work, in turn, in one run.
#
#   Benchmarks/peers/run.sh                          every case, with 1 thread and with all cores
#   Benchmarks/peers/run.sh sac-update --threads 2   one case, one thread count
#   Benchmarks/peers/run.sh --help                   all options
#
# VENV       the peers' virtual environment (default: .venv beside this script; made if missing)
# PYTHON     the Python 3.11 that makes it (default: python3.11)
# FORESIGHT  the foresight executable (default: .build/release/foresight of this repository)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="${VENV:-$here/.venv}"

if [ ! -x "$venv/bin/python" ] || [ -e "$venv/unfinished" ]; then
  echo "making $venv (several GB to download, once)" >&2
  mkdir -p "$venv"
  touch "$venv/unfinished"
  "${PYTHON:-python3.11}" -m venv "$venv"
  pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
  pip install --requirement "$here/requirements.txt"
  pip install --no-deps "mbrl==0.2.0"
  rm "$venv/unfinished"
fi
exec "$venv/bin/python" "$here/compare.py" "$@"
