import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [, evidence = ''] = readFileSync(`${root}docs/patterns.md`, 'utf8').split(
  '## Where each promise is tested\n',
);

interface Row {
  readonly promise: string;
  readonly here: string;
  readonly test: string;
}

/** The rows of all tables of the section, without the heads. */
const rows = evidence
  .split('\n')
  .filter((line) => /^\| (?!---|The guide says)/.test(line))
  .map((line): Row => {
    const [, promise = '', here = '', test = '', ...rest] = line.split('|').map((cell) => cell.trim());
    if (rest.length !== 1) throw new Error(`not three cells: ${line}`);
    return { promise, here, test };
  });

/** A test, or several: the path of a file, and a part of the title of a test in it. */
const NAMED = /`([^`]+)`: “([^”]+)”/g;
const named = rows.flatMap(({ test }) =>
  [...test.matchAll(NAMED)].map(([, path = '', part = '']) => ({ path, part })),
);

/** The titles of the tests and of their groups, as the file contains them. */
function listTitles(path: string): string[] {
  const text = readFileSync(root + path, 'utf8');
  const titles = /\(\s*(['"`])((?:\\.|(?!\1).)*)\1,\s*(?:async|\(|\{)/gs;
  return [...text.matchAll(titles)].map(([, , title = '']) => title);
}

describe('the tables of docs/patterns.md', () => {
  it('are one for the life of a task, one for each pattern, and one for their combination', () => {
    expect(evidence.match(/^### /gm)).toHaveLength(9);
    expect(evidence.match(/^\| The guide says \| Here \| Test \|$/gm)).toHaveLength(9);
  });

  it.each(rows)('name a test, or say that the promise is open: $promise', ({ here, test }) => {
    expect(here).not.toBe('');
    expect(test === 'open' ? '' : test.replaceAll(NAMED, '').replaceAll(/[;\s]/g, '')).toBe('');
    expect(test).not.toBe('');
  });

  it.each(named)('name a test that exists: $path “$part”', ({ path, part }) => {
    expect(path).toMatch(/^test\/.+\.test\.ts$/);
    expect(existsSync(root + path)).toBe(true);
    expect(listTitles(path).filter((title) => title.includes(part))).not.toEqual([]);
  });
});
