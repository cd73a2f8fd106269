import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseBlocks } from './markdown-blocks.js';
import { listPages } from './paste.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** The page without its fenced blocks, in which brackets are code. */
function readProse(page: string): string {
  const text = read(page);
  return parseBlocks(text).reduce((prose, block) => prose.replace(block.text, ''), text);
}

/** The anchors of the headings of a page, by the rule of GitHub. */
function listAnchors(page: string): string[] {
  return [...readProse(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

const links = (await listPages()).flatMap((page) =>
  [...readProse(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].map(([, path = '', anchor]) => ({
    page,
    target: path === '' ? page : join(page, '..', path),
    anchor,
  })),
);

describe('a link in a document', () => {
  it.each(links)('of $page leads to $target $anchor', ({ target, anchor }) => {
    expect(existsSync(join(root, target))).toBe(true);
    if (anchor !== undefined) {
      expect(statSync(join(root, target)).isFile()).toBe(true);
      expect(listAnchors(target)).toContain(anchor);
    }
  });
});

const sources = (await listPages()).flatMap((page) =>
  [...readProse(page).matchAll(/`((?:[\w-]+\/)+[\w-]+\.ts)`/g)].map(([, path = '']) => ({ page, path })),
);

describe('a source file that a document names', () => {
  it.each(sources)('in $page exists at the root or in src: $path', ({ path }) => {
    expect([path, `src/${path}`].some((each) => existsSync(join(root, each)))).toBe(true);
  });
});
