import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenceText, readMarkdown, splitLines } from '../../src/domain/markdown-lines.js';

/** The lines that are not code. */
const prose = (...lines: string[]) =>
  readMarkdown(lines.join('\n'))
    .filter(({ isCode }) => !isCode)
    .map(({ text }) => text);

describe('reading Markdown', () => {
  it('separates code from prose', () => {
    expect(prose('a', '```ts', 'b', '```', 'c', '~~~', 'd', '~~~', 'e', '    f', '\tg')).toEqual([
      'a',
      'c',
      'e',
    ]);
  });

  it('closes a fence only by at least as many of its own marks', () => {
    expect(prose('x', '````', 'a', '```', '~~~~', '```` ts', '`````', 'b')).toEqual(['x', 'b']);
    expect(prose('x', '~~~', '```', '~~~', 'b')).toEqual(['x', 'b']);
  });

  it('treats all lines after an unclosed fence as code', () => {
    expect(prose('a', '```', 'b', '', 'c')).toEqual(['a']);
  });

  it('recognizes a fence in a list at any indentation', () => {
    expect(prose('- a', '- ```', 'b', '  ```', 'c', '      ~~~', 'd', '~~~', 'e')).toEqual(['- a', 'c', 'e']);
  });

  it('does not treat backticks within a line as a fence', () => {
    expect(prose('```a``` b', 'c')).toEqual(['```a``` b', 'c']);
  });

  it('ignores the fence around a whole text, but no fence inside it', () => {
    expect(prose('', '```markdown', 'a', '', '~~~', 'b', '~~~', 'c', '```', ' ')).toEqual(['a', '', 'c']);
    expect(prose('````', '```', 'a', '```', '````')).toEqual([]);
    expect(prose('```', 'a', '```', 'b', '```', 'c', '```')).toEqual(['b']);
  });

  it('keeps exactly the lines of the text', () => {
    const text = fc.string({ unit: fc.constantFrom('`', '~', '\n', '\r', ' ', '\t', '-', 'a') });
    fc.assert(
      fc.property(text, (before) => {
        const all = readMarkdown(`x\n${before}`).map((line) => line.text);
        expect(all).toEqual(splitLines(`x\n${before}`));
      }),
    );
  });

  it('keeps every fenced text between its fences', () => {
    const text = fc.string({ unit: fc.constantFrom('`', '~', '\n', '\r', '\u2028', ' ', 'a', '    ') });
    fc.assert(
      fc.property(text, (inside) => {
        const lines = readMarkdown(`before\n${fenceText(inside)}\nafter`);
        expect(lines.map(({ isCode }) => isCode)).toEqual([
          false,
          ...lines.slice(1, -1).map(() => true),
          false,
        ]);
      }),
    );
  });
});
