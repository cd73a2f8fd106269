// A program for the command gateway. A name in double brackets in its input selects its behaviour.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, self, folder, ...rest] = process.argv;
writeFileSync(join(folder, String(process.pid)), '');
if (rest[0] === 'linger') {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 60_000);
} else {
  let prompt = '';
  process.stdin.setEncoding('utf8').on('data', (piece) => {
    prompt += piece;
  });
  process.stdin.on('end', () => act(/\[\[([\w-]+)\]\]/.exec(prompt)?.[1] ?? 'good', prompt));
}

function act(scenario, prompt) {
  switch (scenario) {
    case 'empty':
      return;
    case 'error':
      process.stderr.write('the model is on holiday\n');
      process.exitCode = 3;
      return;
    case 'slow':
      setTimeout(() => answer('Done, slowly.'), 300);
      return;
    case 'hang':
      spawn(process.execPath, [self, folder, 'linger'], { stdio: 'inherit' });
      setInterval(() => undefined, 60_000);
      return;
    case 'leftover':
      spawn(process.execPath, [self, folder, 'linger'], { stdio: 'inherit' }).on('spawn', () => {
        process.stdout.write('Done, and left something behind.', () => process.exit(0));
      });
      return;
    case 'disconnect':
      process.stdout.write('Half an ans', () => process.kill(process.pid, 'SIGSEGV'));
      return;
    case 'oversize':
      process.stdout.write('x'.repeat(20 * 1024 * 1024));
      return;
    case 'garbage':
      process.stdout.write(Buffer.from([0x00, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]));
      return;
    case 'verbose-failure':
      process.stdout.write(`Not logged in. ${'o'.repeat(5_000)} Run /login.\n`);
      process.stderr.write(`warning ${'e'.repeat(5_000)} giving up\n`);
      process.exitCode = 1;
      return;
    case 'says-and-hangs':
      process.stdout.write('Half of it.\n');
      setInterval(() => undefined, 60_000);
      return;
    case 'task-file':
      answer(readFileSync(process.env.MC_TASK_FILE, 'utf8'));
      return;
    case 'print': {
      const { text, code = 0 } = JSON.parse(prompt.slice(prompt.indexOf('\n') + 1));
      process.exitCode = code;
      answer(text);
      return;
    }
    case 'facts':
      answer(JSON.stringify({ argv: rest, cwd: process.cwd(), env: process.env, prompt }));
      return;
    default:
      answer(`Done: ${prompt}`);
  }
}

function answer(text) {
  process.stdout.write(text);
}
