import { describe, expect, it } from 'vitest';
import { lengthInJson, measureText } from '../../src/kernel/text-size.js';

describe('the size of a value', () => {
  it('is the length of its texts and names, and 8 for each other value and each member', () => {
    expect(measureText(['four', null, 1, true], 100)).toBe(4 + 3 * 8);
    expect(measureText({ name: 'ann', tags: ['x', 'yz'], at: null }, 100)).toBe(3 * 8 + 10 + 3 + 3 + 8);
  });

  it('counts a text as often as it appears', () => {
    const text = 'x'.repeat(10);
    expect(measureText([text, text, { text }], 100)).toBe(42);
  });

  it('is not measured further when it is too large', () => {
    let reads = 0;
    const counted = () => ({
      get text() {
        reads += 1;
        return 'x'.repeat(60);
      },
    });
    expect(measureText([counted(), [counted(), counted()], counted()], 100)).toBeGreaterThan(100);
    expect(reads).toBe(2);
  });

  it('can count what JSON escapes', () => {
    for (const text of ['', 'plain ✓', '"quoted"', 'a\\b', '\u0001\u001f', 'line\nline', '🦊'])
      expect(lengthInJson(text)).toBe(JSON.stringify(text).length - 2);
    expect(measureText(['\u0001'], 100, lengthInJson)).toBe(6);
  });
});
