import type { AccountIds } from '../account-ids.js';
import type { SandboxView } from './view.js';

/**
 * Builds the view below /sys, which every system has and the script itself does not need, and makes it the root folder. The
 * program then starts in a second user namespace: as its own account, and without the right to undo the mounts of the
 * first. A mount that can't be made read-only may only be one that this account can't reach. The shell stays as the first
 * process of the namespace, because such a process ignores signals that it does not handle.
 */
const SCRIPT = `set -eu
new=/sys uid=$1 gid=$2 folder=$3
shift 3
place() {
  if [ -d "$1" ]; then mkdir -p "$new$1"; else mkdir -p "$new\${1%/*}"; [ -e "$new$1" ] || : >"$new$1"; fi
}
mount --rbind / "$new"
while read -r id parent device root point options rest; do
  point=$(printf '%b' "$point")
  case "$point" in
    "$new"|"$new"/*) mount -o "remount,bind,ro\${options#r?}" "$point" 2>/dev/null || [ ! -e "$point" ] ;;
  esac
done </proc/self/mountinfo
safe=nosuid,nodev,noexec
mount -t proc -o "$safe" proc "$new/proc"
for name in sys sysrq-trigger irq bus; do
  [ -e "$new/proc/$name" ] || continue
  mount --bind "$new/proc/$name" "$new/proc/$name"
  mount -o "remount,bind,ro,$safe" "$new/proc/$name"
done
mount -t tmpfs -o nosuid,noexec,mode=0755 tmpfs "$new/dev"
for name in null zero full random urandom; do
  : >"$new/dev/$name"
  mount --bind "/dev/$name" "$new/dev/$name"
done
mkdir -m 1777 "$new/dev/shm"
mkdir "$new/dev/pts"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666 devpts "$new/dev/pts" 2>/dev/null || :
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
for name in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${name%:*}" "$new/dev/\${name#*:}"; done
while [ "$1" != -- ]; do
  path=$2
  case "$1" in
    fresh) mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$new$path" ;;
    bind) place "$path"; mount --rbind "$path" "$new$path" ;;
    copy) [ -e "$new$path" ] || { place "$path"; rm -rf "$new$path"; cp -RL "$path" "$new$path"; } ;;
    empty) [ ! -d "$new$path" ] || mount -t tmpfs -o ro,nosuid,nodev,noexec,mode=0755 tmpfs "$new$path" ;;
    null) [ ! -e "$new$path" ] || mount --bind /dev/null "$new$path" ;;
  esac
  shift 2
done
shift
cd "$new"
pivot_root . .
umount -l .
cd "$folder"
echo ready >&3
exec 3>&-
unshare --user --map-user="$uid" --map-group="$gid" -- "$@"
exit $?`;

/** Runs the script in new namespaces. What is hidden comes last and wins. */
export function unshareCommand(
  argv: readonly string[],
  view: SandboxView,
  { uid, gid }: AccountIds,
): string[] {
  const { folder, writable, shown, fresh, kept, hiddenFolders, hiddenFiles } = view;
  const steps = [
    ...fresh.flatMap((path) => ['fresh', path]),
    ...kept.flatMap((path) => ['copy', path]),
    ...[...writable, folder].flatMap((path) => ['bind', path]),
    ...shown.flatMap((path) => ['copy', path]),
    ...hiddenFolders.flatMap((path) => ['empty', path]),
    ...hiddenFiles.flatMap((path) => ['null', path]),
  ];
  return [
    ...['unshare', '--user', '--map-root-user', '--mount', '--pid', '--ipc', '--fork', '--kill-child'],
    ...['--', '/bin/sh', '-c', SCRIPT, 'sh', String(uid), String(gid), folder, ...steps, '--', ...argv],
  ];
}
