import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/operations.md', root), 'utf8');

/** A call of `emit` in the code, with a level or an expression that chooses one, and the name of the log line. */
const EMITTED = /emit\(\s*('\w+'|[^',]+|[^',]+'\w+' : '\w+'),\s*'([a-z_.-]+)'/g;

describe('docs/operations.md', () => {
  it('explains every log line from the level info upwards', () => {
    const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.ts') && !path.includes('generated'),
    );
    const names = sources.flatMap((path) =>
      [...readFileSync(new URL(`src/${path}`, root), 'utf8').matchAll(EMITTED)]
        .filter(([, level]) => level !== "'trace'" && level !== "'debug'")
        .map(([, , name]) => name ?? ''),
    );
    expect(names.length).toBeGreaterThan(25);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    expect(names.filter((name) => !/^[a-z_]+\.[a-z_]+$/.test(name))).toEqual([]);
  });
});
