import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listNamedTests, listRows, listTitles, withoutNamedTests } from './named-tests.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [, evidence = ''] = readFileSync(`${root}docs/patterns.md`, 'utf8').split(
  '## Where each promise is tested\n',
);

const rows = listRows(evidence, 'The guide says').map(([promise, here, test]) => ({ promise, here, test }));
const named = rows.flatMap(({ test }) => listNamedTests(test));

describe('the tables of docs/patterns.md', () => {
  it('are one for the life of a task, one for each pattern, and one for their combination', () => {
    expect(evidence.match(/^### /gm)).toHaveLength(9);
    expect(evidence.match(/^\| The guide says \| Here \| Test \|$/gm)).toHaveLength(9);
  });

  it.each(rows)('name a test, or say that the promise is open: $promise', ({ here, test }) => {
    expect(here).not.toBe('');
    expect(test === 'open' ? '' : withoutNamedTests(test)).toBe('');
    expect(test).not.toBe('');
  });

  it.each(named)('name a test that exists: $path “$part”', ({ path, part }) => {
    expect(path).toMatch(/^test\/.+\.test\.ts$/);
    expect(existsSync(root + path)).toBe(true);
    expect(listTitles(path).filter((title) => title.includes(part))).not.toEqual([]);
  });
});
