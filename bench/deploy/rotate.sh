#!/bin/sh
# What people write by hand: start the other colour, wait for as long as it mostly takes, lead nginx over, stop the old.
# Takes PROJECT, VERSION, BLUE_PORT, GREEN_PORT and NGINX_DIR from the environment.
set -eu

old=$(cat "$NGINX_DIR/active")
case $old in
  blue) new=green port=$GREEN_PORT old_port=$BLUE_PORT ;;
  *) new=blue port=$BLUE_PORT old_port=$GREEN_PORT ;;
esac

PORT=$port docker compose -p "$PROJECT-$new" -f compose.yaml -f bench.yaml up -d --no-build
sleep 5
echo "server 127.0.0.1:$port;" >"$NGINX_DIR/upstream.conf"
nginx -p "$NGINX_DIR" -c nginx.conf -s reload
PORT=$old_port docker compose -p "$PROJECT-$old" -f compose.yaml -f bench.yaml stop
echo "$new" >"$NGINX_DIR/active"
