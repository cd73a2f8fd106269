import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenceText, readMarkdown, splitLines } from '../../src/domain/markdown-lines.js';

/** The lines that are no code. */
const prose = (...lines: string[]) =>
  readMarkdown(lines.join('\n'))
    .filter(({ isCode }) => !isCode)
    .map(({ text }) => text);

describe('reading Markdown', () => {
  it('tells code from prose', () => {
    expect(prose('a', '```ts', 'b', '```', 'c', '~~~', 'd', '~~~', 'e', '    f', '\tg')).toEqual([
      'a',
      'c',
      'e',
    ]);
  });

  it('closes a fence by as many of its own marks, and by nothing else', () => {
    expect(prose('x', '````', 'a', '```', '~~~~', '```` ts', '`````', 'b')).toEqual(['x', 'b']);
    expect(prose('x', '~~~', '```', '~~~', 'b')).toEqual(['x', 'b']);
  });

  it('takes all that follows a fence which nothing closes for code', () => {
    expect(prose('a', '```', 'b', '', 'c')).toEqual(['a']);
  });

  it('knows a fence in a list, however far it is indented', () => {
    expect(prose('- a', '- ```', 'b', '  ```', 'c', '      ~~~', 'd', '~~~', 'e')).toEqual(['- a', 'c', 'e']);
  });

  it('does not take backticks in a line for a fence', () => {
    expect(prose('```a``` b', 'c')).toEqual(['```a``` b', 'c']);
  });

  it('looks into a text that is one code block as a whole, but no deeper', () => {
    expect(prose('', '```markdown', 'a', '', '~~~', 'b', '~~~', 'c', '```', ' ')).toEqual(['a', '', 'c']);
    expect(prose('````', '```', 'a', '```', '````')).toEqual([]);
    expect(prose('```', 'a', '```', 'b', '```', 'c', '```')).toEqual(['b']);
  });

  it('loses no line and invents none', () => {
    const text = fc.string({ unit: fc.constantFrom('`', '~', '\n', '\r', ' ', '\t', '-', 'a') });
    fc.assert(
      fc.property(text, (before) => {
        const all = readMarkdown(`x\n${before}`).map((line) => line.text);
        expect(all).toEqual(splitLines(`x\n${before}`));
      }),
    );
  });

  it('keeps whatever text is fenced between its fences', () => {
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
