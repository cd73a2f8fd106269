import { spawn } from 'node:child_process';
import { defineCommand } from './command.js';

export const open = defineCommand({
  name: 'open',
  summary: 'Opens the dashboard in the browser, signed in by a link that works once.',
  use: 'Use it to look at everything at once. The browser gets the rights of your key for at most a day, and not the key.',
  avoid:
    'Without a browser, as over ssh, print the link and open it elsewhere within ten minutes, or use "mc top".',
  examples: ['mc open', 'mc open --print'],
  options: (command) => command.option('--print', 'Only prints the link.'),
  async run(session, command) {
    const { url } = await session.connection();
    const { code, expiresAt } = await (await session.client()).createSignInLink(session);
    // The code is in the fragment, which browsers send to no server and which no log contains.
    const link = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/#sign-in=${code}`;
    const isPrinted = command.opts<{ print?: boolean }>().print || !process.stdout.isTTY;
    if (!isPrinted) openBrowser(link);
    await session.printer.answer({ data: { url: link, expiresAt }, view: () => ({ parts: [link] }) });
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
