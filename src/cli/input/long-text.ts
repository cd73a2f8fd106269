import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { CommandError, UsageError } from '../failures.js';

/** The text that an argument stands for: `-` is standard input, `@file` a file, `@@…` a text that begins with `@`. */
export async function longText(argument: string): Promise<string> {
  if (argument === '-') return readAll(process.stdin);
  if (argument.startsWith('@@')) return argument.slice(1);
  if (!argument.startsWith('@')) return argument;
  try {
    return await readFile(argument.slice(1), 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${argument.slice(1)} cannot be read: ${reason}`, { cause: error });
  }
}

/**
 * Lets the user write a text in an editor. An empty text means that nothing was decided.
 *
 * @throws CommandError if the editor fails or the text is empty.
 */
export async function textFromEditor(editor: string, what: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mc-'));
  try {
    const path = join(folder, `${what}.md`);
    await writeFile(path, '', { mode: 0o600 });
    // An editor may have arguments: `code --wait`.
    const { status } = spawnSync(`${editor} "${path}"`, { shell: true, stdio: 'inherit' });
    const text = (await readFile(path, 'utf8')).trim();
    if (status === 0 && text !== '') return text;
    throw new CommandError(`No ${what} was written: nothing was changed.`, { code: 'NO_TEXT' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
