#!/usr/bin/env bash
# One command to the maps and tables of a real district: makes .venv, installs circle15, plans Monaco.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
say "installing (compiles the core; a few minutes the first time)"
"$python" -m pip install --quiet --disable-pip-version-check .
.venv/bin/circle15 run data/monaco.toml
say "open maps/monaco/index.html in a browser"
