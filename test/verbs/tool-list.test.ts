import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withTools } from '../../scripts/print-mcp.js';
import { toolList } from '../../src/mcp/tool-list.js';

describe('the list of tools', () => {
  it('is the one in docs/mcp.md; if not, run npx tsx scripts/print-mcp.ts', () => {
    const page = readFileSync(new URL('../../docs/mcp.md', import.meta.url), 'utf8');
    expect(withTools(page)).toBe(page);
  });

  it('has at most 4,000 tokens, also if a token has only 3.5 characters', () => {
    expect(JSON.stringify(toolList).length / 3.5).toBeLessThan(4_000);
  });

  it('has a title, a description and annotations for every tool', () => {
    for (const { name, title, description, annotations } of toolList) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
      expect([title, description].every((text) => (text ?? '').length > 5)).toBe(true);
      expect(Object.keys(annotations ?? {})).toEqual(['readOnlyHint', 'destructiveHint', 'idempotentHint']);
    }
  });
});
