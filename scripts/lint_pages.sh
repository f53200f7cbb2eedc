#!/usr/bin/env bash
# Types and style of the pages' JavaScript. Needs npm; nothing of it is needed to install or run circle15.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d tests/.ci/node_modules ] || (cd tests/.ci && npm ci --silent)
tools=tests/.ci/node_modules/.bin
"$tools/tsc" -p tests/.ci/tsconfig.json
"$tools/tsc" -p tests/.ci/tsconfig.page.json
"$tools/eslint" -c tests/.ci/eslint.config.mjs circle15/outputs/templates/whatif
