#!/bin/sh
# Sends documents from commune to centre and back down through the running compose network, and verifies them offline.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
enter_network
say "Sending the story's documents through the network (10 to 30 s) ..."
compose run --rm -T --entrypoint python tools -m deploy.docker.smoke
