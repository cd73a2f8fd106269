import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listNamedTests, listRows, listTitles, withoutNamedTests } from './named-tests.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [, lists = ''] = readFileSync(`${root}docs/security.md`, 'utf8').split('## Lists of known risks\n');

const rows = listRows(lists, 'Risk').map(([risk, here, test]) => ({ risk, here, test }));
const named = rows.flatMap(({ test }) => listNamedTests(test));

describe('the tables of docs/security.md', () => {
  it('are one for each list', () => {
    expect(lists.match(/^### .+$/gm)).toEqual([
      '### OWASP GraphQL cheat sheet',
      '### OWASP API Security Top 10 (2023)',
      '### OWASP Top 10 for Agentic Applications (2026)',
      '### graphql-armor',
    ]);
    expect(lists.match(/^\| Risk \| Here \| Test or reason \|$/gm)).toHaveLength(4);
  });

  it.each(['API', 'ASI'])('have the ten risks of the list %s', (list) => {
    const numbers = rows.flatMap(({ risk }) => new RegExp(`^${list}0?(\\d+) `).exec(risk)?.[1] ?? []);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 1)));
  });

  it.each(rows)('name a test, or the reason why there is none: $risk', ({ here, test }) => {
    expect(here).not.toBe('');
    if (listNamedTests(test).length === 0) expect(test).toMatch(/^No test: .{20,}/);
    else expect(withoutNamedTests(test)).toBe('');
  });

  it.each(named)('name a test that exists: $path “$part”', ({ path, part }) => {
    expect(path).toMatch(/^test\/.+\.test\.ts$/);
    expect(existsSync(root + path)).toBe(true);
    expect(listTitles(path).filter((title) => title.includes(part))).not.toEqual([]);
  });
});
