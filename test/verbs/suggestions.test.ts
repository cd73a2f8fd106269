import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { toFailure } from '../../src/cli/failures.js';
import { createProgram } from '../../src/cli/program.js';
import { toUsage } from '../../src/cli/suggestions.js';

/** What a command line answers that cannot be read. */
async function refusalOf(args: readonly string[]): Promise<string> {
  const { signal } = new AbortController();
  const program = createProgram({ env: {}, signal, hold: () => undefined });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return toFailure(error instanceof CommanderError ? toUsage(error, program) : error).message;
  }
  throw new Error('the command was not refused');
}

describe('what was probably meant', () => {
  it.each([
    [['tsak', 'list'], "unknown command 'tsak'. Did you mean task?"],
    [['--url', 'http://a', 'task', 'lst'], "unknown command 'lst'. Did you mean list?"],
    [['claim'], "unknown command 'claim'. Did you mean task claim or review claim? See: mc help"],
    [['list', 'tasks'], "unknown command 'list'. Did you mean task list? See: mc help"],
    [['creat', 'task', 'A'], "unknown command 'creat'. Did you mean task create? See: mc help"],
    [['help', 'tsak', 'lst'], 'There is no command "tsak lst". Did you mean task list? See: mc help'],
    [['help', 'agnets'], 'There is no command "agnets". Did you mean agents? See: mc help'],
    [['task', 'list', '--statsu', 'x'], "unknown option '--statsu'. Did you mean --status?"],
  ])('is named for the words %j', async (args, message) => {
    expect(await refusalOf(args)).toBe(message);
  });

  it.each([
    [
      ['task', 'list', '--status', 'inprogress,done'],
      /^--status: "inprogress" .+ Did you mean in_progress\?\n/,
    ],
    [['task', 'list', '--order', 'prio'], /^--order: "prio" .+ Did you mean priority\?\n/],
    [
      ['task', 'create', 'A', '--body', '{"titel":"A"}'],
      /^titel: there is no such field. Did you mean title\?\n/,
    ],
    [['task', 'claim', '--wait', '-5'], /^--wait-seconds must be at least 0\n/],
    [['task', 'list', '--limit', 'many'], /^--limit must be a number\n/],
    [['task', 'create', ''], /^<title> must have a length of at least 1\n/],
    [['task', 'create', 'A', '--metadata', 'foo'], /^--metadata must be name=value, or a JSON object\n/],
    [['task', 'count', 'agents'], /^<by>: "agents" is not one of .+, assignee, /],
  ])('or allowed is named for the value in %j', async (args, message) => {
    expect(await refusalOf(args)).toMatch(message);
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'. See: mc help"],
    [['task', 'frobnicate'], "unknown command 'frobnicate'. See: mc help task"],
    [['task'], 'Which command? See: mc help task'],
    [['task', 'list', 'x'], /See: mc task list --help$/],
    [
      ['task', 'create', 'Fix', 'it'],
      /A text with spaces needs quotation marks\. See: mc task create --help$/,
    ],
  ])('is not guessed for %j, which says where the help is', async (args, message) => {
    const refusal = await refusalOf(args);
    expect(refusal).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});
