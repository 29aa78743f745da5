#!/bin/sh
# Installs what the tests need beside Python: Chromium and MinIO. What cannot be had is skipped with
# that reason by the tests that need it, or fails them when PROCTORING_TEST_REQUIRE names it.
set -u
cache="${XDG_CACHE_HOME:-$HOME/.cache}/proctoring-tests/bin"

chromium() {
  command -v chromium >/dev/null && return
  echo "installing chromium for the browser tests"
  if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
  { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 ||
    echo "chromium could not be installed; browser tests will be skipped"
}

# Built from source, once, outside the tree: the server's makers no longer give out programs.
minio() {
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

chromium
minio
exit 0
