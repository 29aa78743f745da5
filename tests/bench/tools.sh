#!/bin/sh
# Installs Janus, the peer that capture is measured beside. Where it cannot be had, its rows say so.
set -u
command -v janus >/dev/null && exit 0
echo "installing Janus for the bench"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
{ $sudo apt-get update && $sudo apt-get install -y --no-install-recommends janus; } >/dev/null 2>&1 ||
  echo "Janus could not be installed; its rows will say so"
# The package starts a gateway of its own where there is systemd; the bench runs one only while it measures.
[ -d /run/systemd/system ] && $sudo systemctl disable --now janus >/dev/null 2>&1
exit 0
