# Sourced by demo.sh and test.sh: says in one line what is missing, makes .venv, and gives `python` from it.
# shellcheck shell=bash
say() { printf 'circle15: %s\n' "$*" >&2; }

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { say "Python 3.11 to 3.13 is missing; on Debian: apt-get install python3 python3-venv"; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  { say "python3-venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
command -v "${CXX:-c++}" >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ||
  { say "a C++ compiler is missing; on Debian: apt-get install g++"; exit 1; }

# A folder whose making was cut short has no pip; make it anew.
[ -x .venv/bin/pip ] || "$python" -m venv --clear .venv || { say "cannot make .venv here"; exit 1; }
python=.venv/bin/python
