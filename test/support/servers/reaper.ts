import { type ChildProcess, spawn } from 'node:child_process';

/** Cleans up after a test runner that was killed: its child processes and data folders would remain. */
export interface Reaper {
  watchProcess(pid: number): void;
  forgetProcess(pid: number): void;
  /** Watches a data folder, the PostgreSQL that may run in it, and the disk that may be mounted at it. */
  watchFolder(path: string): void;
  /** Called when everything is cleaned up. */
  dismiss(): void;
}

/** Reads commands, a word and a name per line. Its input ends when this process dies; then it cleans up. */
const script = `
pids=' '; folders=''
while read -r word name; do
  case $word in
    process) pids="$pids$name " ;;
    forget) pids=$(printf %s "$pids" | sed "s/ $name / /") ;;
    folder) folders="$folders $name" ;;
    dismiss) exit 0 ;;
  esac
done
for pid in $pids; do kill -KILL "$pid"; done
for folder in $folders; do
  postmaster=$(head -n 1 "$folder/postgres/postmaster.pid") && kill -QUIT "$postmaster"
  sleep 1
  umount "$folder" 2>/dev/null
  rm -rf "$folder"
done`;

/** Creates a reaper. It starts its shell at the first command. */
export function createReaper(): Reaper {
  let shell: ChildProcess | null = null;
  const send = (line: string) => {
    if (process.platform === 'win32') return;
    shell ??= startShell();
    shell.stdin?.write(`${line}\n`);
  };
  return {
    watchProcess: (pid) => send(`process ${pid}`),
    forgetProcess: (pid) => send(`forget ${pid}`),
    watchFolder: (path) => send(`folder ${path}`),
    dismiss: () => {
      shell?.stdin?.end('dismiss\n');
    },
  };
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.stdin?.on('error', () => undefined);
  shell.unref();
  return shell;
}
