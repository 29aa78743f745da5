#!/bin/sh
# Installs what the tests need beside Python: Chromium, Redis, PostgreSQL, MinIO. What cannot be had is skipped
# with that reason by the tests that need it, or fails them when PROCTORING_TEST_REQUIRE names it.
set -u
cache="${XDG_CACHE_HOME:-$HOME/.cache}/proctoring-tests/bin"

packages() {
  wanted=""
  command -v chromium >/dev/null || wanted="$wanted chromium fonts-dejavu-core"
  command -v redis-server >/dev/null || wanted="$wanted redis-server"
  [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || wanted="$wanted postgresql"
  [ -z "$wanted" ] && return
  echo "installing for the tests:$wanted"
  if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
  # shellcheck disable=SC2086
  { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends $wanted; } >/dev/null 2>&1 ||
    echo "could not be installed; the tests that need it are skipped"
}

# Built from source, once, outside the tree: the server's makers no longer give out programs.
build_minio() {
  command -v minio >/dev/null && return
  [ -x "$cache/minio" ] && return
  if ! command -v go >/dev/null; then
    echo "MinIO needs Go to be built, and there is none; tests on MinIO will be skipped"
    return
  fi
  echo "building MinIO for the tests; this takes some minutes, once"
  mkdir -p "$cache"
  GOBIN="$cache" go install github.com/minio/minio@latest >/dev/null 2>&1 ||
    echo "MinIO could not be built; tests on MinIO will be skipped"
}

packages
build_minio
exit 0
