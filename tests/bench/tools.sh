#!/bin/sh
# Installs the peers that the benches measure beside: Janus for capture, nginx for media, Shaka Player for the player.
set -u
cache="${XDG_CACHE_HOME:-$HOME/.cache}/proctoring-tests"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi

# The packages start a server of their own where there is systemd; a bench runs one only while it measures.
installed() {
  PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null && return
  echo "installing $1 for the bench"
  { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends "$1"; } >/dev/null 2>&1 ||
    echo "$1 could not be installed; what is measured beside it will say so"
  [ -d /run/systemd/system ] && $sudo systemctl disable --now "$1" >/dev/null 2>&1
}

# From npm, into a folder outside the tree; only its one file is taken out of the package.
SHAKA=5.2.12
SHAKA_SHA256=0c09816ea0b1399434bb6423b6a955f22e75b1886e4d394934ec73b9b38e3018

fetch_shaka() {
  [ -f "$cache/shaka-player.compiled.js" ] && return
  echo "fetching Shaka Player for the bench, once"
  mkdir -p "$cache"
  temporary=$(mktemp -d)
  {
    (cd "$temporary" && npm pack --silent "shaka-player@$SHAKA") &&
      echo "$SHAKA_SHA256  $temporary/shaka-player-$SHAKA.tgz" | sha256sum --check &&
      tar -xzf "$temporary/shaka-player-$SHAKA.tgz" -C "$temporary" package/dist/shaka-player.compiled.js &&
      mv "$temporary/package/dist/shaka-player.compiled.js" "$cache/shaka-player.compiled.js"
  } >/dev/null 2>&1 || echo "Shaka Player could not be fetched; the player's bench will say so"
  rm -rf "$temporary"
}

case "${1:-capture}" in
  capture) installed janus ;;
  media) installed nginx ;;
  player) fetch_shaka ;;
esac
exit 0
