#!/bin/sh
# Serves AMQP on 5672. Users and their rights come from /definitions.json at every start.
set -eu
umask 077
export HOME=/data LANG=C.UTF-8
export RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=/data/lienthong.conf
export RABBITMQ_MNESIA_BASE=/data/mnesia RABBITMQ_LOG_BASE=/data/log RABBITMQ_PID_FILE=/data/pid
export RABBITMQ_ENABLED_PLUGINS_FILE=/data/enabled_plugins
# Idle schedulers do not spin. RabbitMQ itself writes the names of new quorum queues to disk only every 3 minutes;
# killed before, it would find such a queue without its log (rabbitmq-server issue 15725), so we have it write them at once.
keep_queues='timer:apply_interval(500,erlang,apply,[fun()->[dets:sync(T)||T<-dets:all()]end,[]])'
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none -eval $keep_queues"
cat > "$RABBITMQ_CONFIG_FILE" <<CONF
listeners.tcp.default = 5672
load_definitions = /definitions.json
log.console = true
log.console.level = warning
log.file = false
CONF
echo '[].' > "$RABBITMQ_ENABLED_PLUGINS_FILE"
exec /usr/lib/rabbitmq/bin/rabbitmq-server
