import { type ChildProcess, spawn } from 'node:child_process';

/** Cleans up behind tests that could not: a test runner that is killed outright takes nobody with it. */
export interface Reaper {
  watchProcess(pid: number): void;
  forgetProcess(pid: number): void;
  /** A data folder, with the PostgreSQL that may run in it. */
  watchFolder(path: string): void;
  /** All has been cleaned up. */
  dismiss(): void;
}

/** Reads what to watch, one word and one name a line, until its input ends, which it does when this process dies. */
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
  rm -rf "$folder"
done`;

export function createReaper(): Reaper {
  let shell: ChildProcess | null = null;
  const tell = (line: string) => {
    if (process.platform === 'win32') return;
    shell ??= startShell();
    shell.stdin?.write(`${line}\n`);
  };
  return {
    watchProcess: (pid) => tell(`process ${pid}`),
    forgetProcess: (pid) => tell(`forget ${pid}`),
    watchFolder: (path) => tell(`folder ${path}`),
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
