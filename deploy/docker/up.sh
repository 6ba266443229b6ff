#!/bin/sh
# Makes the secrets, builds the images, provisions and starts the compose network; waits until all of it is ready.
# Repeating it is harmless: data, keys and secrets stay, what has changed is brought up to date.
# LIENTHONG_COMPOSE_DIR and COMPOSE_PROJECT_NAME make a second network beside the first; LIENTHONG_PORTS=free has Docker
# choose its ports.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
umask 077

first_settings() {
    project=${COMPOSE_PROJECT_NAME:-lienthong}
    daemon=$(current_daemon)
    old=$(docker volume ls -q --filter "label=com.docker.compose.project=$project" | tr '\n' ' ')
    if [ -n "$old" ]; then
        say "The data of an earlier network are still here, but its secrets are not. Remove containers and data first:"
        say "docker rm -f \$(docker ps -aq --filter label=com.docker.compose.project=$project); docker volume rm $old"
        return 1
    fi
    image=$(deploy/docker/stand-in.sh)
    uid=$(id -u) gid=$(id -g)
    [ "$uid" != 0 ] || { uid=10001; gid=10001; }
    ports='PORT_REGISTRY=8601 PORT_SIGNING=8602 PORT_G22=8603 PORT_H28=8604 PORT_H28_31=8605 PORT_H28_31_05=8606'
    [ "${LIENTHONG_PORTS:-}" != free ] || ports='PORT_REGISTRY= PORT_SIGNING= PORT_G22= PORT_H28= PORT_H28_31= PORT_H28_31_05='
    mkdir -p "$folder"
    cat > "$settings.new" <<SETTINGS
COMPOSE_PROJECT_NAME=$project
DOCKER_HOST=$daemon
DEBIAN_IMAGE=$image
LIENTHONG_STATE_DIR='$folder/state'
LIENTHONG_UID=$uid
LIENTHONG_GID=$gid
POSTGRES_PASSWORD=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
$(echo "$ports" | tr ' ' '\n')
SETTINGS
    mv "$settings.new" "$settings"
}

docker version >/dev/null || { say "No Docker daemon answers; make test-compose starts one of its own."; exit 1; }
[ -s "$settings" ] || first_settings
enter_network
mkdir -p "$LIENTHONG_STATE_DIR/services"
for service in registry signing node-G22 node-H28 node-H28.31 node-H28.31.05; do
    env=$LIENTHONG_STATE_DIR/services/$service.env  # compose wants to read them before they are written
    [ -f "$env" ] || : > "$env"
done
[ "$(id -u)" != 0 ] || chown -R "$LIENTHONG_UID:$LIENTHONG_GID" "$LIENTHONG_STATE_DIR"

say "Building the images (2 to 5 minutes the first time, seconds afterwards) ..."
compose --profile tools build >&2
say "Starting PostgreSQL ..."
compose up -d postgres >&2
deploy/docker/wait-healthy.sh postgres
say "Provisioning: databases, keys, directory, settings (10 to 20 s) ..."
compose run --rm -T --entrypoint python tools -m deploy.docker.provision >&2
say "Starting RabbitMQ, registry, signing and four nodes (30 to 60 s) ..."
compose up -d >&2
deploy/docker/wait-healthy.sh
say "Ready. make smoke sends documents from commune to centre; make down stops everything and removes its data."
