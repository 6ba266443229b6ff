#!/bin/sh
# The whole compose start, from nothing: installs Docker where missing, builds, starts, sends, examines, starts again,
# restarts the servers, sends again, stops, and looks that nothing is left. Beside a network that make up started it
# changes nothing: it has a project, a folder and ports of its own.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
started=$(date +%s)
missing=
if ! docker info >/dev/null 2>&1 && ! command -v dockerd >/dev/null; then  # a client alone starts nothing
    missing="docker.io iptables ca-certificates"
fi
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || missing="$missing docker-compose"
# shellcheck disable=SC2086 # names of packages have no spaces
[ -z "$missing" ] || deploy/apt-install.sh $missing

private=
stop_private() {
    kill "$(cat "$private/pid")" 2>/dev/null || :
    for _ in $(seq 60); do [ -e "$private/pid" ] || break; sleep 0.5; done
    [ -n "$had_bridge" ] || ip link delete docker0 2>/dev/null || :
    rm -rf "$private" || { say "Could not remove $private."; return 1; }
}
finish() {
    status=$?
    trap - EXIT INT TERM
    if [ "$status" != 0 ] && [ -s "$settings" ]; then deploy/docker/compose.sh logs --tail=20 >&2 || :; fi
    deploy/docker/down.sh || status=1
    rm -rf "$folder"
    left=$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"; docker volume ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")
    [ -z "$left" ] || { say "FAILED: these are left: $left"; status=1; }
    if [ -n "$private" ]; then stop_private || status=1; fi
    [ "$status" != 0 ] || say "test-compose passed in $(($(date +%s) - started)) s; nothing is left of it."
    exit "$status"
}

export COMPOSE_PROJECT_NAME=lienthong-test LIENTHONG_COMPOSE_DIR=var/compose-test LIENTHONG_PORTS=free
folder=$PWD/$LIENTHONG_COMPOSE_DIR settings=$folder/compose.env
[ ! -e "$folder" ] || { say "$folder is there already: another test runs, or broke off. Remove it if none runs."; exit 1; }
if docker info >/dev/null 2>&1; then
    DOCKER_HOST=$(current_daemon)
    say "Using the Docker daemon at $DOCKER_HOST; images stay there."
else
    [ "$(id -u)" = 0 ] || { say "No Docker daemon answers, and starting one needs root."; exit 1; }
    private=$(mktemp -d)
    DOCKER_HOST=unix://$private/docker.sock
    had_bridge=$(ip link show docker0 2>/dev/null || :)
    say "Starting a private Docker daemon below $private ..."
    setsid dockerd --data-root "$private/data" --exec-root "$private/exec" --pidfile "$private/pid" -H "$DOCKER_HOST" >"$private/log" 2>&1 &
fi
export DOCKER_HOST
trap finish EXIT
trap 'exit 130' INT TERM
for _ in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 1; done
docker info >/dev/null 2>&1 || { [ -z "$private" ] || tail -20 "$private/log" >&2; exit 1; }

containers() { docker ps -q --no-trunc --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" | sort; }
# What the node G22 holds.
count_documents() {
    # shellcheck disable=SC2016 # the shell in the container expands it
    deploy/docker/compose.sh exec -T postgres sh -c \
        'PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -U postgres -Atc "select count(*) from documents" node_g22'
}

# Ends containers as a crash would, so that Docker starts them again; process ids of another machine's daemon mean
# nothing here, so there compose starts them.
crash() {
    for service in "$@"; do
        id=$(deploy/docker/compose.sh ps -q "$service")
        if [ -n "$private" ]; then kill -9 "$(docker inspect -f '{{.State.Pid}}' "$id")"
        else docker kill "$id" >/dev/null; docker start "$id" >/dev/null; fi
    done
}

deploy/docker/up.sh
deploy/docker/smoke.sh
deploy/docker/examine.sh
say "Starting again changes nothing ..."
before=$(containers)
documents=$(count_documents)
deploy/docker/up.sh
[ "$before" = "$(containers)" ] || { say "FAILED: starting again replaced containers."; exit 1; }
say "Restarting PostgreSQL, killing RabbitMQ and a worker ..."
deploy/docker/compose.sh restart postgres >&2
crash rabbitmq h28-worker
sleep 10  # so that their health is known again
deploy/docker/wait-healthy.sh
if [ "$documents" = 0 ] || [ "$(count_documents)" -lt "$documents" ]; then say "FAILED: documents were lost."; exit 1; fi
deploy/docker/smoke.sh
