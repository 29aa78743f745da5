#!/bin/sh
# Installs what the tests need beside Python: Chromium, Redis. What cannot be had is skipped by the tests that
# need it, with that reason, or fails them when PROCTORING_TEST_REQUIRE names it.
set -u
wanted=""
command -v chromium >/dev/null || wanted="$wanted chromium fonts-dejavu-core"
command -v redis-server >/dev/null || wanted="$wanted redis-server"
[ -z "$wanted" ] && exit 0
echo "installing for the tests:$wanted"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
# shellcheck disable=SC2086
{ $sudo apt-get update && $sudo apt-get install -y --no-install-recommends $wanted; } >/dev/null 2>&1 ||
  echo "could not be installed; the tests that need it are skipped"
exit 0
