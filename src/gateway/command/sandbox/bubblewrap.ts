import type { SandboxView } from './view.js';

/** Says that the sandbox is complete, and becomes the program. */
const BEGIN = 'echo ready >&3; exec 3>&-; exec "$@"';

/** Root's programs may change the kernel's settings there even without capabilities, because the files are root's. */
const KERNEL = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];

/**
 * The arguments are applied in their order, so what is hidden comes last and wins. If root starts bubblewrap, it would keep
 * root's capabilities unless they are dropped.
 */
export function bubblewrapCommand(argv: readonly string[], view: SandboxView): string[] {
  const { folder, writable, shown, fresh, kept, hiddenFolders, hiddenFiles } = view;
  return [
    ...[
      'bwrap',
      '--unshare-user',
      '--unshare-pid',
      '--unshare-ipc',
      '--die-with-parent',
      '--cap-drop',
      'ALL',
    ],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...KERNEL.flatMap((path) => ['--ro-bind-try', path, path]),
    ...fresh.flatMap((path) => ['--tmpfs', path]),
    ...kept.flatMap((path) => ['--ro-bind', path, path]),
    ...[...writable, folder].flatMap((path) => ['--bind', path, path]),
    ...shown.flatMap((path) => ['--ro-bind', path, path]),
    ...hiddenFolders.flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    ...hiddenFiles.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...['--chdir', folder, '--', '/bin/sh', '-c', BEGIN, 'sh', ...argv],
  ];
}
