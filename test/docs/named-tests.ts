import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A test, or several: the path of a file, and a part of the title of a test in it. */
const NAMED = /`([^`]+)`: “([^”]+)”/g;

/** The tests that a cell of a table names: `path`: “part of the title”. */
export function listNamedTests(cell: string): { readonly path: string; readonly part: string }[] {
  return [...cell.matchAll(NAMED)].map(([, path = '', part = '']) => ({ path, part }));
}

/** The cell without the tests that it names, and without what separates them. */
export function withoutNamedTests(cell: string): string {
  return cell.replaceAll(NAMED, '').replaceAll(/[;\s]/g, '');
}

/** The titles of the tests and of their groups, as the file contains them. */
export function listTitles(path: string): string[] {
  const text = readFileSync(root + path, 'utf8');
  const titles = /\(\s*(['"`])((?:\\.|(?!\1).)*)\1,\s*(?:async|\(|\{)/gs;
  return [...text.matchAll(titles)].map(([, , title = '']) => title);
}

/** The rows of tables with three columns, without their heads. */
export function listRows(text: string, head: string): (readonly [string, string, string])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith(`| ${head} |`))
    .map((line) => {
      const [, first = '', second = '', third = '', ...rest] = line.split('|').map((cell) => cell.trim());
      if (rest.length !== 1) throw new Error(`not three cells: ${line}`);
      return [first, second, third] as const;
    });
}
