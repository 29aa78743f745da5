#!/bin/sh
# Installs what the tests need beside Python: Chromium and PostgreSQL. Where one cannot be had, the tests that
# need it are skipped with that reason, or fail when PROCTORING_TEST_REQUIRE names it.
set -u
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
wanted=""
command -v chromium >/dev/null || wanted="chromium fonts-dejavu-core"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || wanted="$wanted postgresql"
[ -z "$wanted" ] && exit 0
echo "installing for the tests: $wanted"
$sudo apt-get update >/dev/null 2>&1
for package in $wanted; do
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 ||
    echo "$package could not be installed; the tests that need it will be skipped"
done
exit 0
