#!/usr/bin/env bash
# Types, style, import order and the core under sanitizers. Run after test.sh, which makes .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
"$python" -m pip install --quiet --disable-pip-version-check -e '.[test,lint]'
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports
if command -v npm > /dev/null; then bash scripts/lint_pages.sh; else echo "npm is not there: the pages' JavaScript is not checked"; fi
bash scripts/sanitize.sh
