#!/usr/bin/env bash
# Random trials for as long as you like: the core beside its oracle and by its certificates under ASan and UBSan, the
# parsers on random text, hostile inputs through the command line. Prints how to reproduce what fails.
# Usage: scripts/fuzz.sh SECONDS [SEED]     each of the four takes SECONDS; SEED is today's date by default
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [SEED]}
seed=${2:-$(date +%Y%m%d)}
python=.venv/bin/python
[ -x "$python" ] || python=python3
build=build/sanitize-address
mkdir -p build
cmake -S circle15/core -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCIRCLE15_PYTHON=OFF -DCIRCLE15_TESTS=ON \
  -DCIRCLE15_WERROR=ON -DCIRCLE15_SANITIZE=address,undefined >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --parallel 2 >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }

failed=0
# Runs a program with growing seeds until the time is up: "loop NAME STEP SIZE"; the program gets SIZE and the seed.
loop() {
  local name=$1 step=$2 size=$3 end=$((SECONDS + seconds)) at=$seed total=0
  while [ "$SECONDS" -lt "$end" ]; do
    if ! "$build/tests/$name" "$size" "$at" >"$build-$name.log" 2>&1; then
      tail -n 30 "$build-$name.log" >&2
      echo "fuzz.sh: $name fails; again with: $build/tests/$name $size $at" >&2
      failed=1
      return
    fi
    at=$((at + step)); total=$((total + size))
  done
  echo "$name: $total from seed $seed, none fails"
}
loop core_test 20 20
loop shapes_test 20 20
loop oracle_test 100000 100000
"$python" -m tests.hostile.parsers "$seconds" "$seed" || failed=1
"$python" -m tests.hostile.judging "${seconds}s" "$seed" || failed=1
exit "$failed"
