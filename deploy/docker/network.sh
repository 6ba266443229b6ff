# shellcheck shell=sh
# Sourced by the scripts beside it, from the root of the tree. A compose network lives in a folder (LIENTHONG_COMPOSE_DIR);
# its settings name the Docker daemon that runs it, so that no other daemon is ever asked.
folder=${LIENTHONG_COMPOSE_DIR:-var/compose}
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
settings=$folder/compose.env

say() { echo "[$(date +%H:%M:%S)] $*" >&2; }

compose() {
    if docker compose version >/dev/null 2>&1; then docker compose -p "$COMPOSE_PROJECT_NAME" --env-file "$settings" "$@"
    elif command -v docker-compose >/dev/null; then docker-compose -p "$COMPOSE_PROJECT_NAME" --env-file "$settings" "$@"
    else say "docker compose is needed: install docker-compose (Debian) or the compose plugin."; return 1; fi
}

# Reads the settings and turns to their daemon.
enter_network() {
    [ -s "$settings" ] || { say "No compose network was started here: make up starts one."; return 1; }
    unset DOCKER_CONTEXT
    set -a
    # shellcheck disable=SC1090 # up.sh writes it
    . "$settings"
    set +a
}

# The daemon that the docker command would ask now.
current_daemon() {
    echo "${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}"
}
