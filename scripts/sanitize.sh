#!/usr/bin/env bash
# Build the core in Debug with sanitizers and warnings as errors, and run its own tests.
# Usage: scripts/sanitize.sh [address|thread]...   (both by default)
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address thread
mkdir -p build
for which in "$@"; do
  case "$which" in
    address) flags=address,undefined ;;
    thread) flags=thread ;;
    *) echo "sanitize.sh: unknown sanitizer '$which'; use address or thread" >&2; exit 2 ;;
  esac
  build="build/sanitize-$which"
  cmake -S circle15/core -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCIRCLE15_PYTHON=OFF -DCIRCLE15_TESTS=ON \
    -DCIRCLE15_WERROR=ON "-DCIRCLE15_SANITIZE=$flags" >"$build.log" 2>&1 || {
    cat "$build.log" >&2; exit 1; }
  cmake --build "$build" --parallel 2
  "$build/tests/core_test" "${CIRCLE15_ROUNDS:-60}"
  "$build/tests/shapes_test" "${CIRCLE15_ROUNDS:-60}"
  "$build/tests/oracle_test" "${CIRCLE15_SEARCHES:-20000}"
done
