import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { countHeldBy } from '../../../src/store/runs/capacity.js';
import { isInQueue, queueOrder } from '../../../src/store/runs/queue-order.js';

/** A piece of SQL whose tasks have the alias `t`, or none. */
function eitherForm(piece: string): string[] {
  return [piece, piece.replaceAll('t.', '')];
}

describe('the text of claim_tasks', () => {
  let text: string;

  beforeAll(async () => {
    const path = fileURLToPath(new URL('../../../prisma/functions/claim_tasks.sql', import.meta.url));
    text = (await readFile(path, 'utf8')).replaceAll(/\s+/g, ' ');
  });

  /** What follows each of these words, as far as it is one of the forms; else its beginning. */
  function piecesAfter(words: RegExp, piece: string): Set<string> {
    const found = text.split(words).slice(1);
    expect(found.length).toBeGreaterThan(2);
    return new Set(
      found.map((rest) => eitherForm(piece).find((form) => rest.startsWith(form)) ?? rest.slice(0, 80)),
    );
  }

  it('puts tasks into the queue order of the other statements', () => {
    const forms = eitherForm(queueOrder('t'));
    expect(forms).toContain("priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number");
    expect(new Set(forms)).toEqual(piecesAfter(/ORDER BY (?=(?:t\.)?priority)/, queueOrder('t')));
  });

  it('takes the tasks of the same queues', () => {
    const forms = eitherForm(isInQueue('t'));
    expect(new Set(forms)).toEqual(piecesAfter(/status = '(?:INBOX|ASSIGNED)' AND /, isInQueue('t')));
  });

  it('counts what an agent holds as the other statements do', () => {
    expect(text.split(countHeldBy('a.id'))).toHaveLength(2);
    expect(text.match(/count\(/g)).toHaveLength(1);
  });
});
