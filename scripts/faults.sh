#!/usr/bin/env bash
# faults.sh [EVERY] [KILLS]: let every EVERYth call of the system that changes files fail once in turn (1: each), and every EVERYth
# request for 64 KB of memory or more, and kill processes at KILLS of the calls, over run, batch of three, verify and the cache, and
# over Monaco; print what was tried and lost. Linux, needs gcc. Of calls at one place of the program the first come first. A case late in a run takes a tenth of a second, one of the first
# hundreds as long as the run itself (tests/faults/branching.py): an hour of two idle cores for all. Two processes share the calls; what
# was lost is told at once, and what was tried where they are stopped (SIGTERM).
set -euo pipefail
cd "$(dirname "$0")/.."
every=${1:-1} kills=${2:-100} python=${PYTHON:-python}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
gcc -shared -fPIC -O1 -Wall -o "$work/shim.so" tests/faults/shim.c -ldl
"$python" -c "import sys; from pathlib import Path; sys.path.insert(0, '.'); from tests.test_faults import made_town; made_town(Path('$work'))"
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
lost=0
try() {
  local share pids=()
  for share in 1/2 2/2; do
    LD_PRELOAD="$work/shim.so" nice -n 10 "$python" -m tests.faults.harness "$@" --share "$share" >"$work/${share%/*}.json" &
    pids+=($!)
  done
  for share in "${pids[@]}"; do wait "$share" || lost=1; done
  cat "$work"/[12].json
}
try run "$work/west.toml" --earlier "$work/before.toml" --every "$every"
try run "$work/west.toml" --earlier "$work/before.toml" --every "$every" --beside
try run "$work/west.toml" --earlier "$work/before.toml" --kills "$kills"
try batch "$work/batch.toml" --every "$every"
try batch "$work/batch.toml" --kills "$kills"
try verify "$work/west.toml" --every "$every"
try run "$work/west.toml" --earlier "$work/before.toml" --every "$every" --memory 65536
try run data/monaco.toml --every "$every"
try run data/monaco.toml --kills "$kills"
"$python" -m tests.faults.pairs "$work" "$kills" 15 || lost=1  # two processes that run into one folder
exit $lost
