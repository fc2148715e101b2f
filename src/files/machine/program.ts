/**
 * What a virtual machine does with its files when it is asked: one program of shell, for coreutils as well as for busybox.
 * Paths, targets and owners are arguments; none of them is ever read as a part of the program. `-` is "not given".
 *
 * Answers: standard output begins with a line of status (`stat`) where something is looked at. A refusal is the last line on
 * standard error: `refused REASON`, or what a tool says in the locale C.
 */

/** What \`stat\` is asked for: mode in hexadecimal, owner, group, bytes, seconds of the last change. */
const status = "'%f %u %g %s %Y'";

const start = `export LC_ALL=C; unset CDPATH; umask 022; set +f
verb=$1 path=$2; shift 2
no() { echo "refused $1" >&2; exit 1; }
there() { stat -c %f -- "$1" >/dev/null || exit 1; }
own() {
  [ "$2:$3" = -:- ] || { [ "$2" = - ] && chgrp -h -- "$3" "$1"; } || { [ "$3" = - ] && chown -h -- "$2" "$1"; } ||
    chown -h -- "$2:$3" "$1"
}
`;

/** Names end with NUL, for everything else may be in one. */
const look = `
look() {
  line=$(stat -c ${status} -- "$path") || exit 1
  printf '%s\\n' "$line"
}
names() {
  for name in * .[!.]* ..?*; do
    if [ -e "$name" ] || [ -L "$name" ]; then printf '%s\\0' "$name"; fi
  done
}
pull() {
  look
  if [ -L "$path" ]; then readlink -n -- "$path"
  elif [ -d "$path" ]; then cd "$path" && names
  elif [ -f "$path" ]; then
    size=\${line% *}; size=\${size##* }
    # No more than was announced; below /proc a size of 0 means nothing.
    if [ "$size" = 0 ]; then exec cat -- "$path"; else exec head -c "$size" -- "$path"; fi
  fi
}
`;

/**
 * The content ends with a token, so that half of it is never taken for the whole: whoever sends may vanish. It is written
 * aside and put in place by one rename.
 */
const push = `
cut() { dd if=/dev/null of="$1" bs=1 seek="$2" count=0 2>/dev/null; }
push() {
  token=$1 append=$2 uid=$3 gid=$4 mode=$5
  target=$path
  hops=0
  # Step by step: busybox 1.35 takes a link to what is not there for one of the working directory.
  while [ -L "$target" ]; do
    hops=$((hops + 1)); [ $hops -le 40 ] || no loop
    next=$(readlink -n -- "$target" && printf x) || exit 1
    next=\${next%x}
    case $next in /*) target=$next ;; *) target=\${target%/*}/$next ;; esac
  done
  case $target in */ | */. | */..) no is-a-directory ;; esac
  [ -d "$target" ] && no is-a-directory
  [ -e "$target" ] && [ ! -f "$target" ] && no special
  folder=\${target%/*}/
  there "$folder"
  name=\${target##*/}
  [ \${#name} -le 255 ] || no too-long
  aside=$folder.gast-$token
  trap 'rm -f -- "$aside"' EXIT
  trap 'exit 1' HUP INT TERM
  umask 077
  cp /dev/null "$aside" || exit 1
  cat >"$aside" || exit 1
  [ "$(tail -c \${#token} -- "$aside" 2>/dev/null)" = "$token" ] || no interrupted
  size=$(($(stat -c %s -- "$aside") - \${#token}))
  cut "$aside" "$size" || exit 1
  if [ "$append" = yes ] && [ -f "$target" ]; then
    before=$(stat -c %s -- "$target")
    cat -- "$aside" >>"$target" || { cut "$target" "$before"; exit 1; }
    own "$target" "$uid" "$gid" || exit 1
    [ "$mode" = - ] || chmod -- "$mode" "$target" || exit 1
    return
  fi
  was='0 0 644'
  [ ! -f "$target" ] || was=$(stat -c '%u %g %a' -- "$target")
  set -- $was
  [ "$uid" = - ] && uid=$1; [ "$gid" = - ] && gid=$2; [ "$mode" = - ] && mode=$3
  # A change of owner takes the setuid bit away.
  chown -- "$uid:$gid" "$aside" && chmod -- "$mode" "$aside" || exit 1
  sync -- "$aside" 2>/dev/null || sync
  mv -f -- "$aside" "$target" || exit 1
}
`;

const make = `
folder() {
  [ -d "$path" ] && exit 0
  mkdir -- "$path" || exit 1
  own "$path" "$1" "$2" && chmod -- "$3" "$path" || exit 1
}
link() {
  if [ -L "$path" ] && [ "$(readlink -n -- "$path" && printf x)" = "$1x" ]; then exit 0; fi
  if [ -e "$path" ] || [ -L "$path" ]; then no exists; fi
  ln -s -- "$1" "$path" && own "$path" "$2" "$3" || exit 1
}
`;

/** GNU's \`rm\` can be told to leave what is mounted below. */
const remove = `
remove() {
  case $path in */. | */.. | */) no is-a-directory ;; esac
  there "$path"
  if [ -d "$path" ] && [ ! -L "$path" ]; then
    if [ "$1" != yes ]; then rmdir -- "$path" || exit 1; return; fi
    if rm -f --one-file-system 2>/dev/null; then rm -rf --one-file-system -- "$path"; else rm -rf -- "$path"; fi || exit 1
  else
    rm -f -- "$path" || exit 1
  fi
}
`;

/** Where systems put it. Announces itself: what comes before is no SFTP. */
const sftp = `
sftp() {
  for server in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec /usr/lib/misc; do
    server=$server/sftp-server
    [ -x "$server" ] || continue
    [ "$1" = check ] && exit 0
    cd / && exec "$server"
  done
  no unable
}
`;

export const program = `${start}${look}${push}${make}${remove}${sftp}
case $verb in
  stat) look ;;
  pull | push | folder | link | remove | sftp) "$verb" "$@" ;;
esac`;
