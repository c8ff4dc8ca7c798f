#!/bin/sh
# Installs what a desk needs: a virtual environment, the emulators and, with "tests", a browser with Japanese fonts;
# with "lint", what checks JavaScript.
# Does nothing where the lock files have not changed since the last time.
set -eu
cd "$(dirname "$0")/.."
uv_version=0.13.9

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 13))' >/dev/null 2>&1; }

find_python() {
  for candidate in python3.13 python3.14 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python; do
    if is_new_enough "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  if command -v uv >/dev/null; then
    say "no Python 3.13 found; uv fetches one"
    uv python install -q 3.13 && uv python find 3.13
  fi
}

python_environment() {
  stamp=.venv/.installed
  fingerprint=$(cat requirements.txt requirements-dev.txt local/setup.sh | cksum)
  if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ]; then return; fi
  python=$(find_python)
  [ -n "$python" ] || fail "Python 3.13 or newer is needed and was not found on PATH, under pyenv or through uv. See https://www.python.org/downloads/"
  say "virtual environment on $("$python" --version)"
  "$python" -m venv --clear .venv
  .venv/bin/python -m pip install -q --disable-pip-version-check "uv==$uv_version"
  say "Python packages"
  VIRTUAL_ENV=.venv .venv/bin/uv pip install -q --require-hashes --compile-bytecode -r requirements-dev.txt
  printf '%s\n' "$fingerprint" >"$stamp"
}

node_packages() {
  command -v node >/dev/null || fail "Node.js 20 or newer is needed for the emulators and was not found. See https://nodejs.org/"
  node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || fail "Node.js 20 or newer is needed; found $(node --version)"
  stamp=$1/node_modules/.installed
  fingerprint=$(cat "$1/package-lock.json" | cksum)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ]; then return; fi
  say "$2 (npm)"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
  printf '%s\n' "$fingerprint" >"$stamp"
}

browser() {
  if .venv/bin/python -m local.browser >/dev/null 2>&1 && fc-list :lang=ja 2>/dev/null | grep -q .; then return; fi
  command -v apt-get >/dev/null || fail "the browser tests need Chromium and Japanese fonts. Type: .venv/bin/playwright install chromium, and install a Japanese font"
  [ "$(id -u)" = 0 ] || fail "the browser tests need Chromium and Japanese fonts. Type: sudo apt-get install chromium-headless-shell fonts-noto-cjk fontconfig"
  say "Chromium and Japanese fonts (Debian)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-noto-cjk fontconfig >/dev/null
}

python_environment
node_packages local/emulators "emulators"
[ "${1:-}" != tests ] || browser
[ "${1:-}" != lint ] || node_packages lint "linter and types of JavaScript"
