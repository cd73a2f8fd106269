import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../torture/judge/judge.js';
import { FAULT_NAMES } from '../../torture/plan/fault-kinds.js';
import { listNamedTests, listRows, listTitles, withoutNamedTests } from './named-tests.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/reliability.md`, 'utf8');
const [, promised = ''] = page.split(/^## /m);

const rows = listRows(promised, 'Promise').map(([promise, , test]) => ({ promise, test }));
const named = rows.flatMap(({ test }) => listNamedTests(test));

describe('docs/reliability.md', () => {
  it.each(rows)('names a test of the promise: $promise', ({ test }) => {
    expect(listNamedTests(test)).not.toEqual([]);
    expect(withoutNamedTests(test)).toBe('');
  });

  it.each(named)('names a test that exists: $path “$part”', ({ path, part }) => {
    expect(path).toMatch(/^test\/.+\.test\.ts$/);
    expect(existsSync(root + path)).toBe(true);
    expect(listTitles(path).filter((title) => title.includes(part))).not.toEqual([]);
  });

  it('has every kind of fault and every rule of the torture suite, with its promise', () => {
    for (const name of FAULT_NAMES) expect(page).toContain(`\`${name}\``);
    for (const { name } of RULES) expect(page).toContain(`\`${name}\``);
  });
});
