import { formatCursor, parseCursor } from '../cursor.js';

/** What a person may have to look at. */
export const ATTENTION_KINDS = [
  'QUESTION',
  'REVIEW',
  'TASK_FAILED',
  'TASK_STUCK',
  'AGENT_SILENT',
  'GATEWAY',
  'SCHEDULE',
  'WEBHOOK',
] as const;

/** The kind of an attention item. */
export type AttentionKind = (typeof ATTENTION_KINDS)[number];

/** How urgent an item is. Its place is its weight in the order of the list: the highest comes first. */
export const SEVERITIES = ['NOTICE', 'WARNING', 'CRITICAL'] as const;

/** The severity of an attention item. */
export type Severity = (typeof SEVERITIES)[number];

/** The weight of a severity: the first sort key of the list. */
export function weightOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}

/** The severity of a weight that a statement has returned. */
export function severityOf(weight: number): Severity {
  const severity = SEVERITIES[weight - 1];
  if (severity === undefined) throw new Error(`${weight} is not the weight of a severity`);
  return severity;
}

/** The position of an item in the list: the most severe first, of these the oldest first. */
export interface AttentionPlace {
  readonly weight: number;
  readonly since: Date;
  /** The id of the item without its prefix. */
  readonly itemId: string;
}

const TAG = 'attention';

/** The cursor of an item. It stays valid when the item vanishes. */
export function formatPlace({ weight, since, itemId }: AttentionPlace): string {
  return formatCursor(TAG, [BigInt(weight), since, itemId]);
}

/** @throws {InvalidList} for a text that is not a cursor of the list. */
export function parsePlace(cursor: string): AttentionPlace {
  const [weight, since, itemId] = parseCursor(TAG, ['number', 'instant', 'text'], cursor);
  return { weight: Number(weight), since: since as Date, itemId: String(itemId) };
}

/** The number of items of a kind and severity. */
export interface AttentionCount {
  readonly kind: AttentionKind;
  readonly severity: Severity;
  readonly count: number;
  /** When the newest of them began. */
  readonly newestSince: Date;
}
