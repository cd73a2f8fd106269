// Runs all checks that need no running program: generates src/generated, then runs the static checks two at a time.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

// `lint` also compiles: the native compiler of oxlint takes 8 s of the processor for what tsc takes 40 s for.
const staticChecks = ['lint', 'boundaries', 'unused'];

await runOrExit(['generate']);
await runOrExit(staticChecks);

async function runOrExit(scripts) {
  const waiting = [...scripts];
  const results = [];
  const worker = async () => {
    for (let script = waiting.shift(); script !== undefined; script = waiting.shift())
      results.push(await runQuietly(script));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  if (results.includes(false)) process.exit(1);
}

/** Prints one line, and the whole output of the script if it fails. */
function runQuietly(script) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = npmRun(script);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      process.stdout.write(`${code === 0 ? '✓' : '✗'} ${script} (${seconds} s)\n`);
      resolve(code === 0);
    });
  });
}

function npmRun(script) {
  const shell = process.platform === 'win32';
  return spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'], shell });
}
