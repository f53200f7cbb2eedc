#!/usr/bin/env bash
# One command to the tests: makes .venv, installs circle15 with the test extras, runs pytest with the given arguments.
# Browser tests need Chromium; where it is missing it is installed if apt-get may be used, else they skip and say so.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
if ! command -v chromium >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  say "installing Chromium and Chinese fonts for the browser tests"
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; } >/dev/null 2>&1 ||
    say "Chromium could not be installed; the browser tests will skip"
fi
"$python" -m pip install --quiet --disable-pip-version-check -e '.[test]'
exec "$python" -m pytest -n auto --dist loadfile "$@"
