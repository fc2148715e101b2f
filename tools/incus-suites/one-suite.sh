#!/bin/bash
# one-suite.sh SOURCE WORK FUNCTION [PART...]   Runs one function of the suites of an Incus checkout; PARTs are functions
# that do nothing. Called by run.ts, inside tools/lab. A command that fails goes to WORK/failed as "FILE LINE";
# the suite goes on behind it, so that one look shows all of them. WORK/done says that it came to its end.
set -uE
[ "${LAB_INSIDE:-}" = 1 ] || { echo "one-suite.sh: only inside tools/lab" >&2; exit 77; }
source=$1 work=$2 TEST_CURRENT=$3
shift 3
tools=$(dirname "$(readlink -f "$0")")
GASTHOF_ROOT=${tools%/tools/incus-suites}

# A copy, because suites write beside themselves; only test/ is needed.
mkdir -p "$work/t" && cp -a "$source/test" "$work/source" || exit 66
# Only the work folder can be written; what else a suite writes vanishes with the laboratory.
mount --bind "$work" "$work"
for place in /tmp /run /root; do mount -t tmpfs -o mode=755 lab "$place"; done
chmod 1777 /tmp
mount --rbind /dev /dev
mount -o remount,bind,ro /dev
mount -o remount,bind,ro /

export LC_ALL=C TZ=UTC HOME=/root PATH="$tools/bin:$PATH" DEBUG="" INCUS_BACKEND=dir INCUS_NETNS="" USER=root INCUS_OFFLINE=1 INCUS_CONCURRENT=1
export TEST_DIR=$work/t INCUS_DEVMONITOR_DIR=$work/t/dev INCUS_CONF=$work/t/conf INCUS_DIR=$work/t/d
mkdir -p "$TEST_DIR/dev" "$INCUS_CONF" "$INCUS_DIR" && chmod 711 "$TEST_DIR" "$INCUS_DIR"
mount -t tmpfs none "$TEST_DIR/dev"
cd "$work/source" || exit 66
for file in includes/*.sh backends/dir.sh suites/*.sh; do
  # shellcheck disable=SC1090
  . "$file"
done
# shellcheck source=tools/incus-suites/shim.sh
. "$tools/shim.sh"
for part in "$@"; do eval "$part() { echo '==> left out'; }"; done

finish() {
  trap - ERR EXIT
  set +u
  while read -r daemon; do kill_incus "$daemon"; done < <(cat "$TEST_DIR/daemons")
} >"$work/finish.log" 2>&1
trap finish EXIT
spawn_incus "$INCUS_DIR" true || exit 70
INCUS_ADDR=$(cat "$INCUS_DIR/incus.addr")
export INCUS_ADDR
# shellcheck disable=SC2034
TEST_UNMET_REQUIREMENT=""
# Some suites ask again for what we do not want: to end at the first failure.
set() { [ "${1:-}" = -e ] || builtin set "$@"; }
failed() {
  local code=$? line=$1 frame
  # 141: the reader of a pipe had enough (grep -q).
  [ "$code" != 141 ] || return 0
  # The place in the suite itself, when it is one of its helpers that failed.
  for ((frame = 1; frame < ${#BASH_SOURCE[@]}; frame++)); do
    case ${BASH_SOURCE[frame]} in
      suites/*)
        echo "${BASH_SOURCE[frame]#suites/} $line" >>"$work/failed"
        echo "==> FAILED ${BASH_SOURCE[frame]}:$line ($code)" >&2
        return
        ;;
    esac
    line=${BASH_LINENO[frame]}
  done
}
trap 'failed $LINENO' ERR
PS4='+ ${BASH_SOURCE##*/}:${LINENO}: '
[ -z "${INCUS_SUITES_TRACE:-}" ] || set -x
"$TEST_CURRENT"
trap - ERR
set +x
echo "${TEST_UNMET_REQUIREMENT:-}" >"$work/done"
