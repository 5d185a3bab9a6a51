#!/bin/sh
# Installs the CNI plugins in this folder, or removes them. `./install.sh --help` lists the options.
#
# It needs a POSIX shell and coreutils (or busybox). It writes each file beside its target, syncs it
# and renames it, so the target is complete at every moment. It may be interrupted anywhere: run it
# again with the same options.

set -eu
LC_ALL=C
export LC_ALL
umask 022

PROGRAM=install.sh
# The files that this script has installed: a hash and a path in each line.
MANIFEST=/var/lib/cni-ipam-plugins/installed
UNIT_DIR=/etc/systemd/system
# How long to wait for calls that began before a file was replaced.
SETTLE_SECONDS=15

usage() {
  cat <<'END'
Usage: ./install.sh [host-local] [dhcp] [options]
       ./install.sh --uninstall [host-local] [dhcp] [options]

Installs the named plugins, or both. Files of the same names are kept as
NAME.upstream; --uninstall puts them back. To upgrade, run the script of the new
release with the same options.

Options:
  --bin-dir DIR      the runtime's plugin directory (default: /opt/cni/bin; with
                     --uninstall: every directory)
  --launcher         install the launcher as NAME, and the plugin as
                     NAME.standalone
  --standalone WHEN  with --launcher: install NAME.standalone "yes" (default),
                     "no", or "auto": if the host has glibc and libgcc
  --units            install the systemd units, and start them
  --root DIR         install below DIR, where the file system of a host is
                     mounted; --prefix is the same
  --dry-run          only print what would be done
  --uninstall        remove what was installed
  -h, --help         print this text
END
}

say() {
  printf '%s\n' "$1"
}

# fail MESSAGE [ADVICE]
fail() {
  printf '%s: %s\n' "$PROGRAM" "$1" >&2
  if [ $# -gt 1 ]; then printf '%s\n' "$2" >&2; fi
  exit 1
}

hash_of() {
  hash_line=$(sha256sum <"$1") || fail "cannot read $1"
  printf '%s\n' "${hash_line%% *}"
}

# Whether there is a file, a symbolic link without a target included.
exists() {
  [ -e "$1" ] || [ -L "$1" ]
}

sync_path() {
  sync "$1" 2>/dev/null || sync
}

# commit FILE TARGET: renames a complete file to its target.
commit() {
  sync_path "$1"
  mv -f "$1" "$2"
  sync_path "${2%/*}"
}

temporary_for() {
  printf '%s/.%s.new\n' "${1%/*}" "${1##*/}"
}

# The manifest

# is_recorded PATH [HASH]: whether this script has installed the path, with that content.
is_recorded() {
  [ -e "$root$MANIFEST" ] || return 1
  while read -r recorded_hash recorded_path; do
    if [ "$recorded_path" = "$1" ] && [ "${2:-$recorded_hash}" = "$recorded_hash" ]; then
      return 0
    fi
  done <"$root$MANIFEST"
  return 1
}

# Whether the file at the path is one that this script has installed.
is_ours() {
  if ! [ -f "$root$1" ] || [ -L "$root$1" ]; then return 1; fi
  # In a condition, the shell does not end on an error.
  ours_hash=$(hash_of "$root$1") || exit 1
  is_recorded "$1" "$ours_hash"
}

# record PATH HASH
record() {
  if is_recorded "$1" "$2"; then return; fi
  mkdir -p "$root${MANIFEST%/*}"
  record_new=$(temporary_for "$root$MANIFEST")
  {
    if [ -e "$root$MANIFEST" ]; then cat "$root$MANIFEST"; fi
    printf '%s %s\n' "$2" "$1"
  } >"$record_new"
  commit "$record_new" "$root$MANIFEST"
}

# Removes every line of the path.
forget() {
  forget_new=$(temporary_for "$root$MANIFEST")
  while read -r recorded_hash recorded_path; do
    if [ "$recorded_path" != "$1" ]; then printf '%s %s\n' "$recorded_hash" "$recorded_path"; fi
  done <"$root$MANIFEST" >"$forget_new"
  commit "$forget_new" "$root$MANIFEST"
}

recorded_paths() {
  if ! [ -e "$root$MANIFEST" ]; then return; fi
  while read -r recorded_hash recorded_path; do
    printf '%s\n' "$recorded_path"
  done <"$root$MANIFEST"
}

# Replacement

# A plugin opens its own file after the kernel has started it. If the file was replaced in between,
# it looks for the name that the kernel shows, which ends in " (deleted)". So the old file keeps that
# name until such calls have started.
keep_for_running_calls() {
  if [ -f "$1" ] && [ -x "$1" ] && ! [ -L "$1" ]; then
    ln -f "$1" "$1 (deleted)" 2>/dev/null || cp -p "$1" "$1 (deleted)"
  fi
}

# Prints the paths of the executables that this run may replace.
replaceable_paths() {
  for replaceable_dir in $bin_dirs; do
    for replaceable_name in $plugins; do
      say "$replaceable_dir/$replaceable_name"
      say "$replaceable_dir/$replaceable_name.standalone"
    done
  done
}

# Whether a process runs a file that was replaced.
runs_replaced_file() {
  # A container may see less than all processes.
  running=$(ls -l /proc/[0-9]*/exe 2>/dev/null) || :
  for replaceable in $(replaceable_paths); do
    case $running in
    *"$replaceable (deleted)"*) return 0 ;;
    esac
  done
  return 1
}

# Waits for calls that began before a file was replaced.
settle() {
  if [ "$is_replaced" = no ]; then return; fi
  settle_left=$SETTLE_SECONDS
  while [ "$settle_left" -gt 0 ]; do
    sleep 1
    if ! runs_replaced_file; then break; fi
    settle_left=$((settle_left - 1))
  done
  is_replaced=no
}

remove_kept() {
  for kept in $(replaceable_paths); do
    rm -f "$root$kept (deleted)" "$(temporary_for "$root$kept")"
  done
}

# keep_upstream PATH: keeps a file that is not this script's as PATH.upstream.
keep_upstream() {
  target=$root$1
  exists "$target" || return 0
  if [ -d "$target" ] && ! [ -L "$target" ]; then
    fail "cannot replace $1: is a directory"
  fi
  if is_ours "$1"; then return; fi
  if exists "$target.upstream" && ! is_recorded "$1"; then
    say "keep $1.upstream, which exists already"
    return
  fi
  say "keep $1 as $1.upstream"
  if [ "$dry_run" = yes ]; then return; fi
  upstream_new=$(temporary_for "$target.upstream")
  rm -f "$upstream_new"
  cp -pP "$target" "$upstream_new"
  commit "$upstream_new" "$target.upstream"
}

# place SOURCE PATH: installs an executable.
place() {
  target=$root$2
  hash=$(hash_of "$1")
  if [ -f "$target" ] && ! [ -L "$target" ] && [ -x "$target" ] &&
    [ "$(hash_of "$target")" = "$hash" ]; then
    say "$2 is up to date"
    if [ "$dry_run" = no ]; then record "$2" "$hash"; fi
    return
  fi
  keep_upstream "$2"
  say "install $2"
  if [ "$dry_run" = yes ]; then return; fi
  new=$(temporary_for "$target")
  rm -f "$new"
  cp "$1" "$new"
  chmod 755 "$new"
  record "$2" "$hash"
  keep_for_running_calls "$target"
  commit "$new" "$target"
  is_replaced=yes
}

# place_unit NAME: installs a unit, with the plugin directory in its ExecStart=.
place_unit() {
  path=$UNIT_DIR/$1
  target=$root$path
  if [ "$dry_run" = yes ]; then
    keep_upstream "$path"
    say "install $path"
    return
  fi
  mkdir -p "$root$UNIT_DIR"
  new=$(temporary_for "$target")
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    ExecStart=/opt/cni/bin/*) line=ExecStart=$bin_dir/${line#ExecStart=/opt/cni/bin/} ;;
    esac
    printf '%s\n' "$line"
  done <"$here/systemd/$1" >"$new"
  hash=$(hash_of "$new")
  if [ -f "$target" ] && ! [ -L "$target" ] && [ "$(hash_of "$target")" = "$hash" ]; then
    rm -f "$new"
    say "$path is up to date"
    record "$path" "$hash"
    return
  fi
  keep_upstream "$path"
  say "install $path"
  record "$path" "$hash"
  commit "$new" "$target"
  are_units_changed=yes
}

# remove PATH: removes a file of this script, and puts back what was there before.
remove() {
  target=$root$1
  if is_ours "$1" || ! exists "$target"; then
    if exists "$target.upstream"; then
      say "put back $1"
      if [ "$dry_run" = yes ]; then return; fi
      keep_for_running_calls "$target"
      mv -f "$target.upstream" "$target"
      sync_path "${target%/*}"
    else
      say "remove $1"
      if [ "$dry_run" = yes ]; then return; fi
      keep_for_running_calls "$target"
      rm -f "$target"
    fi
    is_replaced=yes
  else
    say "leave $1, which another program has installed"
    if [ "$dry_run" = yes ]; then return; fi
    rm -f "$target.upstream"
  fi
  rm -f "$(temporary_for "$target")" "$(temporary_for "$target.upstream")"
}

# The host

has_systemd() {
  [ -z "$root" ] && [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

# Runs systemctl. If it fails, the script continues, and fails at its end.
control() {
  if systemctl "$@"; then return; fi
  printf '%s: failed: systemctl %s\n' "$PROGRAM" "$*" >&2
  has_failed=yes
}

# find_library NAME: whether the host has a shared library.
find_library() {
  for library_dir in /lib /lib64 /usr/lib /usr/lib64 "/lib/$machine-linux-gnu" \
    "/usr/lib/$machine-linux-gnu"; do
    if exists "$root$library_dir/$1"; then return 0; fi
  done
  return 1
}

# Prints what the host lacks for the executables, with a remedy; nothing if it has all.
missing_libraries() {
  case $machine in
  x86_64) loader=ld-linux-x86-64.so.2 ;;
  *) loader=ld-linux-aarch64.so.1 ;;
  esac
  for musl in "$root"/lib/ld-musl-*; do
    if exists "$musl" && ! find_library "$loader"; then
      say "glibc (this host has musl, for which there are no executables)"
      return
    fi
  done
  if ! find_library "$loader" || ! find_library libc.so.6; then
    say "glibc 2.27 or later (Debian: libc6, Fedora: glibc)"
  elif ! find_library libgcc_s.so.1; then
    say "libgcc_s.so.1 (Debian: libgcc-s1, Fedora: libgcc)"
  fi
}

# Fails if the standalone executables cannot run on the host.
check_libraries() {
  if [ "$standalone" = no ]; then return; fi
  missing=$(missing_libraries)
  if [ -z "$missing" ] && [ -z "$root" ]; then
    for check_name in $plugins; do
      missing=$(CNI_COMMAND=VERSION "$here/$check_name" 2>&1 </dev/null >/dev/null) &&
        missing= || missing=${missing:-$check_name does not start}
      if [ -n "$missing" ]; then break; fi
    done
  fi
  if [ -z "$missing" ]; then return; fi
  if [ "$launcher" = yes ] && [ "$standalone" = auto ]; then
    say "without NAME.standalone, because the host lacks $missing"
    standalone=no
    return
  fi
  fail "the executables cannot run ${root:+below }${root:-here}; missing: $missing" \
    "Without glibc, use --launcher --standalone no, and run the resident processes in a container with glibc (deploy/kubernetes)."
}

check_files() {
  [ -e "$here/SHA256SUMS" ] || fail "cannot find $here/SHA256SUMS" \
    "Run the script in the unpacked folder of a release."
  if ! (cd "$here" && sha256sum -c SHA256SUMS) >/dev/null 2>&1; then
    fail "the files in $here do not match SHA256SUMS" \
      "Download the release again. \`sha256sum -c SHA256SUMS\` shows which files differ."
  fi
}

# The surroundings of this run

check_commands() {
  for needed in cat chmod cp dirname ln ls mkdir mv rm rmdir sha256sum sleep sync uname; do
    command -v "$needed" >/dev/null || fail "cannot find the command $needed" \
      "Install coreutils or busybox, or set PATH."
  done
}

# resolve DIR: prints the directory below $root without symbolic links. Its end may not exist yet.
# Files are recorded under this path, so a directory with two names has one record.
resolve() {
  resolve_dir=$1
  resolve_rest=
  while ! exists "$root/$resolve_dir"; do
    case ${resolve_dir##*/} in
    '' | .) ;;
    ..) fail "cannot use $1: it has .. behind a directory that does not exist" ;;
    *) resolve_rest=/${resolve_dir##*/}$resolve_rest ;;
    esac
    resolve_dir=${resolve_dir%/*}
  done
  resolve_dir=$(CDPATH='' cd -P -- "$root/$resolve_dir" 2>/dev/null && pwd -P) ||
    fail "cannot use $1: is not a directory"
  if [ "$resolve_dir" = / ]; then resolve_dir=; fi
  # An absolute link on another host's file system leads to a directory of this one.
  case $resolve_dir/ in
  "$root"/*) ;;
  *) fail "cannot use $1: $1 leads out of $root" \
    "Replace the symbolic link in it by a relative one, or choose another directory." ;;
  esac
  say "${resolve_dir#"$root"}$resolve_rest"
}

# Waits for another run on the same host, if the system has flock(1). The lock ends with the process.
lock() {
  command -v flock >/dev/null || return 0
  exec 9<"$root/"
  if flock -n 9; then return; fi
  say "wait for another run of $PROGRAM"
  # NFS has no locks for directories.
  flock 9 || say "continue without a lock"
}

# The two commands

install_all() {
  check_files
  check_libraries
  for name in $plugins; do
    # Left by a run that was interrupted, or by the script of a package.
    if [ -e "$root$bin_dir/$name.standalone (deleted)" ]; then is_replaced=yes; fi
  done
  if [ "$dry_run" = no ]; then mkdir -p "$root$bin_dir"; fi
  for name in $plugins; do
    if [ "$launcher" = no ]; then
      place "$here/$name" "$bin_dir/$name"
      continue
    fi
    if [ "$standalone" != no ]; then place "$here/$name" "$bin_dir/$name.standalone"; fi
    place "$here/cni-launcher" "$bin_dir/$name"
  done
  if [ "$units" = yes ]; then install_units; fi
  settle
  for name in $plugins; do
    if [ "$launcher" = yes ] && [ "$standalone" != no ]; then continue; fi
    if is_recorded "$bin_dir/$name.standalone"; then
      remove "$bin_dir/$name.standalone"
      if [ "$dry_run" = no ]; then forget "$bin_dir/$name.standalone"; fi
    fi
  done
  if [ "$dry_run" = no ]; then remove_kept; fi
  say "done; check with: CNI_COMMAND=VERSION $root$bin_dir/${plugins%% *} </dev/null"
}

install_units() {
  for name in $plugins; do
    are_units_changed=no
    service=cni-$name.service
    socket=cni-$name.socket
    started="$socket $service"
    if ! [ -e "$here/systemd/$socket" ]; then started=$service; fi
    if has_systemd && [ "$dry_run" = no ] && ! is_ours "$UNIT_DIR/$service" &&
      systemctl is-active --quiet "$service" "$socket"; then
      say "stop $service and $socket, which are not this project's"
      control disable --now "$socket" "$service"
    fi
    if [ "$started" = "$service" ]; then remove_socket_unit; else place_unit "$socket"; fi
    place_unit "$service"
    if ! has_systemd; then
      say "start with: systemctl daemon-reload && systemctl enable --now $started"
      continue
    fi
    say "start $started"
    if [ "$dry_run" = yes ]; then continue; fi
    control daemon-reload
    # shellcheck disable=SC2086 # One or two units.
    control enable --now $started
    if [ "$are_units_changed" = yes ] || [ "$is_replaced" = yes ]; then
      control restart "$service"
    fi
  done
}

# Removes the socket unit of another release. This one has none, because its executables cannot use
# a socket that systemd passes. The service makes its own.
remove_socket_unit() {
  is_ours "$UNIT_DIR/$socket" || return 0
  if has_systemd && [ "$dry_run" = no ]; then control disable --now "$socket"; fi
  remove "$UNIT_DIR/$socket"
  if [ "$dry_run" = no ]; then forget "$UNIT_DIR/$socket"; fi
  are_units_changed=yes
}

# is_chosen PATH: whether the file belongs to a chosen plugin, in a chosen directory.
is_chosen() {
  case ${1%/*} in
  "$UNIT_DIR" | "${chosen_bin_dir:-${1%/*}}") ;;
  *) return 1 ;;
  esac
  for chosen in $plugins; do
    case ${1##*/} in
    "$chosen" | "$chosen.standalone" | "cni-$chosen.service" | "cni-$chosen.socket") return 0 ;;
    esac
  done
  return 1
}

# remove_matching PATTERN: removes the installed files of the chosen plugins that match.
remove_matching() {
  for path in $(recorded_paths); do
    is_chosen "$path" || continue
    # shellcheck disable=SC2254 # The argument is a pattern.
    case $path in
    $1) ;;
    *) continue ;;
    esac
    # A path has several lines after upgrades.
    is_recorded "$path" || continue
    remove "$path"
    if [ "$dry_run" = no ]; then forget "$path"; fi
  done
}

uninstall_all() {
  if ! [ -e "$root$MANIFEST" ]; then
    say "nothing is installed"
    return
  fi
  for path in $(recorded_paths); do
    case $path in
    *.standalone | *.service | *.socket) ;;
    *) if [ -z "$chosen_bin_dir" ]; then bin_dirs="$bin_dirs ${path%/*}"; fi ;;
    esac
  done
  # The launchers of running calls may still need the resident process or NAME.standalone. So the
  # names that runtimes call come first.
  for name in $plugins; do remove_matching "*/$name"; done
  if [ "$dry_run" = no ]; then settle; fi
  for name in $plugins; do
    if has_systemd && [ "$dry_run" = no ] && is_ours "$UNIT_DIR/cni-$name.service"; then
      if exists "$UNIT_DIR/cni-$name.socket"; then
        control disable --now "cni-$name.socket" "cni-$name.service"
      else
        control disable --now "cni-$name.service"
      fi
    fi
  done
  remove_matching "*.service"
  remove_matching "*.socket"
  remove_matching "*.standalone"
  if [ "$dry_run" = yes ]; then return; fi
  if has_systemd; then control daemon-reload; fi
  settle
  remove_kept
  if ! [ -s "$root$MANIFEST" ]; then
    rm -f "$root$MANIFEST" "$(temporary_for "$root$MANIFEST")"
    rmdir "$root${MANIFEST%/*}" 2>/dev/null || :
  fi
}

check_commands
root=
chosen_bin_dir=
launcher=no
standalone=yes
units=no
dry_run=no
command=install
plugins=
is_replaced=no
has_failed=no

while [ $# -gt 0 ]; do
  case $1 in
  --*=*)
    option=$1
    shift
    set -- "${option%%=*}" "${option#*=}" "$@"
    ;;
  esac
  case $1 in
  host-local | dhcp) plugins="${plugins:+$plugins }$1" ;;
  --launcher) launcher=yes ;;
  --units) units=yes ;;
  --dry-run) dry_run=yes ;;
  --uninstall) command=uninstall ;;
  --bin-dir | --root | --prefix | --standalone)
    [ $# -gt 1 ] || fail "$1 needs a value"
    case $1 in
    --bin-dir) chosen_bin_dir=${2%/} ;;
    --standalone) standalone=$2 ;;
    *) root=${2%/} ;;
    esac
    shift
    ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) fail "unknown argument: $1" "See ./install.sh --help." ;;
  esac
  shift
done
plugins=${plugins:-host-local dhcp}

case $standalone in
yes | auto) ;;
no) [ "$launcher" = yes ] || fail "--standalone no needs --launcher" ;;
*) fail "--standalone must be yes, no or auto: $standalone" ;;
esac
bin_dir=${chosen_bin_dir:-/opt/cni/bin}
case $bin_dir in
/*) ;;
*) fail "--bin-dir must be absolute: $bin_dir" ;;
esac
case $root in
'' | /*) ;;
*) fail "--root must be absolute: $root" ;;
esac
[ -z "$root" ] || [ -d "$root" ] || fail "there is no directory $root"
if [ -n "$root" ]; then root=$(CDPATH='' cd -P -- "$root" && pwd -P); fi
if [ "$root" = / ]; then root=; fi
if [ "$dry_run" = no ]; then lock; fi
if [ -n "$root" ]; then
  for dir in "$UNIT_DIR" "${MANIFEST%/*}"; do resolve "$dir" >/dev/null; done
fi
bin_dir=$(resolve "$bin_dir")
case $bin_dir in
*[!A-Za-z0-9/._-]*) fail "--bin-dir may contain only letters, digits and ./_-: $bin_dir" ;;
esac
if [ -n "$chosen_bin_dir" ]; then chosen_bin_dir=$bin_dir; fi
# With --uninstall and without --bin-dir, all that are recorded.
bin_dirs=$bin_dir

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# Of the release: an image may be prepared for another machine.
machine=$(uname -m)

if [ "$command" = install ]; then install_all; else uninstall_all; fi
[ "$has_failed" = no ]
