import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withSettingsTable } from '../../scripts/print-settings.js';
import { listSettings } from '../../src/config/settings.js';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

describe('the settings table of docs/operations.md', () => {
  it('is what the code prints; if not, run npx tsx scripts/print-settings.ts', () => {
    expect(withSettingsTable(page)).toBe(page);
  });

  it('has one row for each setting', () => {
    const rows = page.split('\n').filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    expect(rows.map((row) => row.split('`')[1])).toEqual(listSettings().map((setting) => setting.name));
  });

  it('names every secret in the text, and no other setting as a secret', () => {
    const secrets = listSettings()
      .filter(({ kind }) => String(kind.safeParse('postgresql://user@localhost/name').data) === '[secret]')
      .map((setting) => setting.name);
    const sentence = /- (`DATABASE_URL`.*?) are secrets/s.exec(page)?.[1] ?? '';
    expect([...sentence.matchAll(/`(\w+)`/g)].map((match) => match[1])).toEqual(secrets);
  });

  it('is refused where the markers are missing', () => {
    expect(() => withSettingsTable('# Operations')).toThrow(/settings:begin/);
  });
});
