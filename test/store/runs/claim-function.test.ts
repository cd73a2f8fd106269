import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countHeldBy } from '../../../src/store/runs/capacity.js';
import { audience, isInQueue, queueOrder } from '../../../src/store/runs/queue-order.js';

/** A piece of SQL whose tasks have the alias `t`, or none. */
function eitherForm(piece: string): string[] {
  return [piece, piece.replaceAll('t.', '')];
}

async function readText(name: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../../prisma/functions/${name}.sql`, import.meta.url));
  const text = await readFile(path, 'utf8');
  return text.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ');
}

/** What follows each of these words that is none of the forms. */
function strangersAfter(text: string, words: RegExp, forms: readonly string[]): string[] {
  const found = text.split(words).slice(1);
  expect(found.length).toBeGreaterThan(0);
  return found
    .filter((rest) => !forms.some((form) => rest.startsWith(form)))
    .map((rest) => rest.slice(0, 80));
}

const READERS = [...['claim_tasks', 'take_task', 'take_tagged_task'], ...['inbox_heads', 'assigned_heads']];

describe.each(READERS)('the text of %s', (name) => {
  it('puts tasks into the queue order of the other statements, within an audience', async () => {
    const ofTasks = /ORDER BY (?=(?:t\.)?(?:priority|task_audience))/;
    const ordered = eitherForm(queueOrder('t'));
    const byAudience = [audience('t'), `${audience('t')}, ${queueOrder('t')}`];
    const forms = [...ordered, ...byAudience.flatMap(eitherForm)];
    expect(strangersAfter(await readText(name), ofTasks, forms)).toEqual([]);
  });

  it('takes the tasks of the same queues', async () => {
    const ofQueues = /(?<!head\.|taken\.)status = '(?:INBOX|ASSIGNED)' AND /;
    expect(strangersAfter(await readText(name), ofQueues, eitherForm(isInQueue('t')))).toEqual([]);
  });
});

describe('the text of claim_tasks', () => {
  it('counts what an agent holds as the other statements do', async () => {
    const text = await readText('claim_tasks');
    expect(text.split(countHeldBy('a.id'))).toHaveLength(2);
    expect(text.match(/count\(/g)).toHaveLength(1);
  });
});
