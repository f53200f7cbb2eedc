#!/usr/bin/env bash
# One command to the maps and tables of a real district: makes .venv, installs circle15, plans Monaco.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
say "installing (compiles the core; a few minutes the first time)"
# Editable, as test.sh installs too: a `python` that is started here finds this folder's circle15 with its core, and
# not the sources alone.
"$python" -m pip install --quiet --disable-pip-version-check -e .
.venv/bin/circle15 run data/monaco.toml
say "open maps/monaco/index.html in a browser"
