import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files under a folder with this text, without comments of SQL. */
async function filesWith(folder: string, ending: string, text: RegExp): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(join(root, folder), { recursive: true })) {
    if (!name.endsWith(ending)) continue;
    const content = (await readFile(join(root, folder, name), 'utf8')).replaceAll(/--.*/g, '');
    if (text.test(content)) found.set(name, content);
  }
  return found;
}

const INSERTS = /INSERT INTO event_outbox/;

describe('events are written last in their transaction, when nothing is left that could wait for a lock', () => {
  it('by one function of the server, which only the end of a transaction calls', async () => {
    expect([...(await filesWith('src', '.ts', INSERTS)).keys()]).toEqual(['postgres/append-events.ts']);
    const callers = [...(await filesWith('src', '.ts', /\bappendEvents\(/)).keys()].sort();
    expect(callers).toEqual(['postgres/append-events.ts', 'postgres/transaction.ts']);
    const transaction = await readFile(join(root, 'src/postgres/transaction.ts'), 'utf8');
    expect(transaction).toMatch(/appendEvents\(client, events\);\n\s*await client\.query\('COMMIT'\)/);
  });

  it('by database functions that only insert events from their first event on', async () => {
    const functions = await filesWith('prisma/functions', '.sql', INSERTS);
    expect([...functions.keys()].sort()).toEqual([
      'add_comments.sql',
      'claim_reviews.sql',
      'claim_tasks.sql',
      'create_tasks.sql',
      'end_runs.sql',
      'heartbeat.sql',
      'submit_verdicts.sql',
      'update_runs.sql',
    ]);
    for (const content of functions.values()) {
      const rest = content.slice(content.search(INSERTS));
      expect(rest).not.toMatch(/\b(UPDATE|DELETE|LOCK|PERFORM|FOR SHARE|FOR KEY SHARE)\b/);
      expect(rest.match(/INSERT INTO (?!event_outbox)\w+/)).toBeNull();
    }
  });
});
