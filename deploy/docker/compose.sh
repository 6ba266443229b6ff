#!/bin/sh
# docker compose with this network's settings and daemon; the Debian package's docker-compose serves too.
# Usage: deploy/docker/compose.sh ps|logs|exec|run|... ARGUMENT...
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
enter_network
compose "$@"
