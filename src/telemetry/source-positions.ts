import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { LRUCache } from 'lru-cache';

/** The position of a frame in a file of ES modules: its URL, line and column. */
const POSITION = /(file:\/\/[^\s()]+):(\d+):(\d+)/g;

/** Positions that were looked up, so that an error that comes again costs nothing. */
const known = new LRUCache<string, string>({ max: 1_000 });

/**
 * Names the positions in the source where a stack names positions in a bundle. Node can do this for every error (--enable-source-maps),
 * but then the first refusal of a request blocks the event loop for 240 ms and keeps 70 MB, because GraphQL reads the stack of each
 * error. Here only an error that is logged is looked up, and its map is freed again.
 */
export function withSourcePositions(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(POSITION, (position, url: string, line: string, column: string) => {
    const found = known.get(position) ?? look(url, Number(line), Number(column), maps) ?? position;
    known.set(position, found);
    return found;
  });
}

function look(
  url: string,
  line: number,
  column: number,
  maps: Map<string, SourceMap | undefined>,
): string | undefined {
  if (!maps.has(url)) maps.set(url, readMap(url));
  // A map counts from 0.
  const entry = maps.get(url)?.findEntry(line - 1, column - 1);
  if (entry === undefined || !('originalSource' in entry)) return undefined;
  return `${new URL(entry.originalSource, url)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

/** Undefined for a file without a map: it is no bundle, and its positions are those of its source. */
function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
