#!/usr/bin/env bash
# The quick tests with the lowest version of every dependency that pyproject.toml allows, in a venv of its own.
# Wheels only, on Python 3.11: the oldest versions have none for later ones. Old libraries warn of what is newer than
# they are, so warnings are no errors here. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
python3.11 -m venv --clear build/lowest
python=build/lowest/bin/python
"$python" scripts/lowest.py test >build/lowest.txt
"$python" -m pip install --quiet --disable-pip-version-check --prefer-binary -c build/lowest.txt -e '.[test]'
exec "$python" -m pytest -n auto --dist loadfile -o filterwarnings= "$@"
