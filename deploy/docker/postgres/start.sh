#!/bin/sh
# Initialises the cluster on the first start, then serves. POSTGRES_PASSWORD is the superuser's.
set -eu
umask 077
bin=$(echo /usr/lib/postgresql/*/bin)
if ! [ -s /data/PG_VERSION ]; then
    printf '%s' "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}" > /tmp/password
    "$bin/initdb" --pgdata=/data --username=postgres --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
fi
printf 'local all all scram-sha-256\nhost all all all scram-sha-256\n' > /data/pg_hba.conf
exec "$bin/postgres" -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=300
