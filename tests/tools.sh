#!/bin/sh
# Installs what the tests need beside Python: Chromium. Where it cannot be had, the tests that need it are
# skipped with that reason, or fail when PROCTORING_TEST_REQUIRE names it.
set -u
command -v chromium >/dev/null && exit 0
echo "installing chromium for the browser tests"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
{ $sudo apt-get update && $sudo apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 ||
  echo "chromium could not be installed; browser tests will be skipped"
exit 0
