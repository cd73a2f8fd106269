import {
  type AttentionKind,
  type AttentionPlace,
  formatPlace,
  parsePlace,
} from '../../domain/attention/attention.js';
import type { AttentionDetails } from '../../domain/attention/attention-details.js';
import type { Beyond, ListReader, Slice } from '../../domain/list-reader.js';
import type { PageRequest } from '../../domain/page.js';
import { measureText } from '../../kernel/text-size.js';
import { allOf, identifier, joinSql, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { WaitingSettings } from '../tasks/waiting-facts.js';
import { countAttention } from './attention-counts.js';
import {
  ATTENTION_SOURCES,
  type AttentionFilter,
  type AttentionSource,
  passes,
  sourcesOf,
} from './attention-sources.js';

/** An attention item. */
export interface AttentionRow extends AttentionPlace {
  /** The id of the item: that of its subject with another prefix. A subject has one item at most. */
  readonly id: string;
  readonly kind: AttentionKind;
  readonly version: string;
  readonly details: AttentionDetails;
  /** When a person acknowledged this version of it, and with which key. */
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedByKeyId: string | null;
}

/** The items, the most severe first, of these the oldest first. Each kind is read no further than the page needs. */
export function openAttention(
  executor: Executor,
  filter: AttentionFilter,
  settings: WaitingSettings,
): ListReader<AttentionRow> {
  const read = (bounds: readonly Bound[], order: Order) =>
    readItems(
      executor,
      order,
      sourcesOf(filter),
      (source) =>
        sql`SELECT f.* FROM (${source.facts(settings)}) f
        WHERE ${passes(filter)} AND ${allOf(bounds.map((bound) => compare(source, bound)))}`,
    );
  return {
    slice: async (page) => cut(await read(boundsOf(page), { ...page, limit: page.size + 1 }), page),
    count: async () => {
      const counts = await countAttention(executor, filter, settings);
      return counts.reduce((sum, { count }) => sum + count, 0);
    },
    hasRowsBeyond: async (beyond) =>
      (await read([toBound(beyond)], { backward: false, limit: 1 })).length > 0,
    cursorOf: formatPlace,
  };
}

/** The item with this id without its prefix, acknowledged or not; null if there is none now. */
export async function findAttentionItem(
  executor: Executor,
  itemId: string,
  settings: WaitingSettings,
): Promise<AttentionRow | null> {
  const rows = await readItems(
    executor,
    { backward: false, limit: 1 },
    ATTENTION_SOURCES,
    ({ facts }) => sql`SELECT f.* FROM (${facts(settings)}) f WHERE f.item_id = ${itemId}`,
  );
  return rows[0] ?? null;
}

interface Order {
  readonly backward: boolean;
  readonly limit: number;
}

/** One side of a place in the list. */
interface Bound {
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly place: AttentionPlace;
}

function boundsOf({ after, before }: PageRequest): Bound[] {
  return [
    ...(after === null ? [] : [{ operator: '>', place: parsePlace(after) } as const]),
    ...(before === null ? [] : [{ operator: '<', place: parsePlace(before) } as const]),
  ];
}

function toBound({ side, cursor }: Beyond): Bound {
  return { operator: side === 'head' ? '<=' : '>=', place: parsePlace(cursor) };
}

/**
 * The condition of a bound. A heavier item comes first and has the lower place, so weights are compared with their sign changed. The weight that all items of a kind have is compared here and not by the statement, so that an index
 * on the rest of the order is used.
 */
function compare({ weight }: AttentionSource, { operator, place }: Bound): Sql {
  const rest = sql`${place.since}::timestamptz, ${place.itemId}::text`;
  if (weight === null)
    return sql`(-f.weight, f.since, f.item_id) ${identifier(operator)} (-${place.weight}::int, ${rest})`;
  if (weight === place.weight) return sql`(f.since, f.item_id) ${identifier(operator)} (${rest})`;
  return weight < place.weight === operator.startsWith('>') ? sql`true` : sql`false`;
}

function orderBy(alias: string, { backward, limit }: Order): Sql {
  const [heaviest, oldest] = backward ? ['ASC', 'DESC'] : ['DESC', 'ASC'];
  return identifier(
    `ORDER BY ${alias}.weight ${heaviest}, ${alias}.since ${oldest}, ${alias}.item_id ${oldest} LIMIT ${limit}`,
  );
}

function readItems(
  executor: Executor,
  order: Order,
  sources: readonly AttentionSource[],
  select: (source: AttentionSource) => Sql,
): Promise<AttentionRow[]> {
  const pages = sources.map(
    (source) =>
      sql`(SELECT ${source.kind}::text AS kind, p.* FROM (${select(source)}) p ${orderBy('p', order)})`,
  );
  if (pages.length === 0) return Promise.resolve([]);
  return query<AttentionRow>(
    executor,
    toStatement(sql`SELECT 'att_' || u.item_id AS id, u.kind, u.weight, u.since, u.item_id, u.version, jsonb_set(u.details, '{kind}', to_jsonb(u.kind)) AS details,
        k.acknowledged_at, k.key_id AS acknowledged_by_key_id
      FROM (${joinSql(pages, ' UNION ALL ')}) u
      LEFT JOIN attention_acknowledgements k ON k.item_id = u.item_id AND k.version = u.version ${orderBy('u', order)}`),
  );
}

function cut(rows: AttentionRow[], { size, backward }: PageRequest): Slice<AttentionRow> {
  const kept = rows.slice(0, size);
  return {
    rows: backward ? kept.reverse() : kept,
    more: rows.length > size,
    textLength: measureText(rows, Number.POSITIVE_INFINITY),
  };
}
