#!/bin/sh
# Waits until the named services (all, without names) are healthy; says which are not, and shows their logs.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
enter_network
limit_s=300
deadline=$(($(date +%s) + limit_s))
services=${*:-$(compose config --services | grep -vx tools)}
while :; do
    waiting=
    for service in $services; do
        label=com.docker.compose
        id=$(docker ps -aq --filter "label=$label.project=$COMPOSE_PROJECT_NAME" --filter "label=$label.service=$service" \
            --filter "label=$label.oneoff=False")
        health=$([ -z "$id" ] || docker inspect -f '{{.State.Health.Status}}' "$id")
        [ "$health" = healthy ] || waiting="$waiting $service"
    done
    [ -n "$waiting" ] || exit 0
    if [ "$(date +%s)" -ge "$deadline" ]; then
        say "Not healthy after $limit_s s:$waiting"
        # shellcheck disable=SC2086 # names of services have no spaces
        compose logs --tail=40 $waiting >&2
        exit 1
    fi
    sleep 2
done
