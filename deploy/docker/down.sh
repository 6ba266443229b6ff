#!/bin/sh
# Stops the compose network and removes its containers, volumes, keys and settings. Images stay.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
[ -s "$settings" ] || { say "No compose network was started here."; exit 0; }
enter_network
say "Stopping the network and removing its data ..."
compose down --volumes --remove-orphans >&2
rm -rf "$folder"
