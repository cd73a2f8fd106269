import { spawn } from 'node:child_process';
import { defineCommand } from './command.js';

export const open = defineCommand({
  name: 'open',
  summary: 'Opens the dashboard in the browser.',
  use: 'Use it to look at everything at once.',
  avoid: 'Without a browser, as over ssh, use "mc top".',
  examples: ['mc open', 'mc open --print'],
  options: (command) => command.option('--print', 'Only prints the address.'),
  async run(session, command) {
    const { url } = await session.connection();
    const isPrinted = command.opts<{ print?: boolean }>().print || !process.stdout.isTTY;
    if (!isPrinted) openBrowser(url);
    await session.printer.answer({ data: { url }, view: () => ({ parts: [url] }) });
  },
});

/** A machine without a browser shows the address only. */
function openBrowser(url: string): void {
  const programs: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open'],
    win32: ['cmd', '/c', 'start', ''],
  };
  const [program, ...args] = programs[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
