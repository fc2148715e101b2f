# shellcheck shell=bash
# What the suites of the Incus project expect of their surroundings, made with a Gasthof daemon. Sourced by one-suite.sh
# after the include files of the suites themselves, of which it replaces what starts and ends daemons.

# start_daemon DIRECTORY: in the background; its id in incus.pid, where the suites look for it.
start_daemon() {
  mkdir -p "$1"
  env -u INCUS_DIR -u INCUS_SOCKET GASTHOF_DIR="$1" GASTHOF_SOURCE=1 "$GASTHOF_ROOT/bin/gasthofd" >>"$1/incus.log" 2>&1 &
  INCUS_PID=$!
  echo "$INCUS_PID" >"$1/incus.pid"
}

wait_ready() { INCUS_DIR=$1 incus admin waitready --timeout=120; }

# A fresh Incus server has no network, no pool and an empty profile; ours has all three.
empty_server() {
  local name
  printf 'config: {}\ndevices: {}\n' | incus profile edit default
  for name in $(incus network list --format csv | awk -F, '$3 == "YES" {print $1}'); do incus network delete "$name"; done
  incus storage delete default
}

# spawn_incus DIRECTORY STORAGE: STORAGE true = with a pool of the driver dir.
spawn_incus() {
  local INCUS_DIR=$1 storage=$2 address
  export INCUS_DIR
  echo "$INCUS_DIR" >>"$TEST_DIR/daemons"
  echo dir >"$INCUS_DIR/incus.backend"
  start_daemon "$INCUS_DIR"
  wait_ready "$INCUS_DIR"
  empty_server
  address=127.0.0.1:$(local_tcp_port)
  incus config set core.https_address "$address"
  echo "$address" >"$INCUS_DIR/incus.addr"
  incus profile device add default eth0 nic nictype=p2p name=eth0
  [ "$storage" != true ] || dir_configure "$INCUS_DIR"
}

# respawn_incus DIRECTORY WAIT: the same daemon again.
respawn_incus() {
  start_daemon "$1"
  [ "$2" != true ] || wait_ready "$1"
}

shutdown_incus() {
  local pid
  pid=$(cat "$1/incus.pid")
  INCUS_DIR=$1 incus admin shutdown || kill "$pid" 2>/dev/null || true
  timeout 60 tail --pid="$pid" -f /dev/null || true
}

# kill_incus DIRECTORY: for ever, with all that it has. The suites' own version also looks into Incus's database.
kill_incus() {
  local pid
  [ -f "$1/incus.pid" ] || return 0
  pid=$(cat "$1/incus.pid")
  if kill -0 "$pid" 2>/dev/null; then
    delete_everything "$1"
    shutdown_incus "$1"
  fi
  rm -f "$1/incus.pid"
  sed -i "\\|^$1\$|d" "$TEST_DIR/daemons"
  # The runner takes away what is below the work folder; the log stays until then.
  find "$1" -mindepth 1 -maxdepth 1 ! -name incus.log -exec rm -rf {} + 2>/dev/null || true
}

delete_everything() {
  local INCUS_DIR=$1 project name
  export INCUS_DIR
  for project in $(incus query /1.0/projects | jq -r '.[]' | sed 's|.*/||'); do
    for name in $(incus list --project "$project" --format csv --columns n); do
      timeout 60 incus delete --force --project "$project" "$name" || true
    done
  done
  printf 'config: {}\ndevices: {}\n' | incus profile edit default || true
  for name in $(incus network list --format csv | awk -F, '$3 == "YES" {print $1}'); do incus network delete "$name" || true; done
}

# Programs of other drivers may lie on this machine; the suites would try them all.
available_storage_backends() { echo dir; }
