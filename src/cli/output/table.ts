import type { Table } from '../../verbs/looks/look.js';
import { cutEnd, cutMiddle, widthOf, withoutColours } from './width.js';

const GAP = '  ';
/** An id is not cut shorter than this, so that it can still be told from others. */
const SHORTEST_ID = 14;

/**
 * A table as lines. In a terminal of `columns` columns the last column is cut at its end; if that does not suffice, ids are cut
 * in their middle. Refs are never cut. Without `columns` nothing is cut.
 */
export function tableLines({ columns: titles, rows }: Table, columns: number | undefined): string[] {
  const widths = titles.map((title, place) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[place] ?? ''))),
  );
  const fitted = columns === undefined ? widths : shrinkToFit(widths, rows, columns);
  return [titles, ...rows].map((row) => toLine(row, fitted));
}

function toLine(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, place) => {
    const width = widths[place] ?? 0;
    const shown = isLongId(cell) ? cutMiddle(cell, width) : cutEnd(cell, width);
    return place === row.length - 1 ? shown : shown + ' '.repeat(Math.max(0, width - widthOf(shown)));
  });
  return cells.join(GAP).trimEnd();
}

function shrinkToFit(widths: readonly number[], rows: Table['rows'], columns: number): number[] {
  const fitted = [...widths];
  const last = fitted.length - 1;
  const excess = () => fitted.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - columns;
  const shrink = (place: number, shortest: number) => {
    const width = fitted[place] ?? 0;
    fitted[place] = Math.max(Math.min(width, shortest), width - Math.max(0, excess()));
  };
  shrink(last, 10);
  for (const place of fitted.keys())
    if (rows.some((row) => isLongId(row[place] ?? ''))) shrink(place, SHORTEST_ID);
  return fitted;
}

function isLongId(cell: string): boolean {
  return /^[a-z]{3,4}_[0-9a-z]{26}$/.test(withoutColours(cell));
}
