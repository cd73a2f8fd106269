import type { Pages } from '../sdk/index.js';
import type { Look, Table, View } from './looks/look.js';

/** A part of a list, or all of it. */
export interface List<Node> {
  readonly nodes: readonly Node[];
  /** The cursor that begins the next page; null if there is none. */
  readonly next: string | null;
  /** How many entries there are in all, where that is cheap to know. */
  readonly total?: number | undefined;
}

/** Reads one page of a list, or all pages. */
export async function readList<Node>(pages: Pages<Node>, isAll: boolean): Promise<List<Node>> {
  if (!isAll) {
    const { nodes, pageInfo } = await pages;
    return { nodes, next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
  }
  const nodes: Node[] = [];
  for await (const node of pages) nodes.push(node);
  return { nodes, next: null };
}

/** The entries of a list, for programs. */
export function nodesOf<Node>({ nodes }: List<Node>): readonly Node[] {
  return nodes;
}

/** The cursor of the page after a list. */
export function nextOf<Node>({ next }: List<Node>): string | null {
  return next;
}

/** How a list reads: a table, then how many entries of how many, and one hint. */
export function viewList<Node>(
  { nodes, next, total }: List<Node>,
  look: Look,
  {
    columns,
    row,
    empty,
    hint,
  }: {
    readonly columns: readonly string[];
    readonly row: (node: Node) => readonly string[];
    /** What is said when there is no entry. */
    readonly empty: string;
    /** What a reader does next. */
    readonly hint?: (first: Node) => string;
  },
): View {
  const [first] = nodes;
  if (first === undefined) return { parts: [look.paint('quiet', empty)] };
  const table: Table = { columns, rows: nodes.map(row) };
  const count =
    next === null
      ? `${nodes.length} of ${nodes.length}`
      : `the first ${nodes.length}${total === undefined ? '' : ` of ${total}`}`;
  const further = next === null ? hint?.(first) : `all of them: --all, or go on with --after ${next}`;
  return { parts: [table], hint: further === undefined ? count : `${count} · ${further}` };
}
