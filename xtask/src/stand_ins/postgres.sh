#!/bin/sh
# What the official image does with the variables that our manifests set.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password=$(mktemp)
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    cat "$POSTGRES_PASSWORD_FILE" >"$password"
  else
    printf %s "${POSTGRES_PASSWORD:?POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE is needed}" >"$password"
  fi
  user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
  initdb --username="$user" --pwfile="$password" --auth-host=scram-sha-256 --auth-local=trust >/dev/null
  rm "$password"
  if [ "$database" != postgres ]; then
    echo "create database \"$database\"" | postgres --single postgres >/dev/null
  fi
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # Scripts run against a server that only its own socket leads to.
  POSTGRES_USER=$user
  set -- /docker-entrypoint-initdb.d/*.sh -- "$@"
  if [ -e "$1" ]; then
    pg_ctl --silent --wait --options='-c listen_addresses=' start >/dev/null
    while [ "$1" != -- ]; do . "$1"; shift; done
    pg_ctl --silent --wait --mode=fast stop
  fi
  while [ "$1" != -- ]; do shift; done
  shift
fi
# Flags alone are the server's.
case "${1:-postgres}" in -*) set -- postgres "$@" ;; esac
exec "$@"
