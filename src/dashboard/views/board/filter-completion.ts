import type { Client } from '../../../sdk/index.js';
import { PRIORITIES, WAITING_REASONS } from '../../parts/words.js';
import { FILTERS, type FilterName } from './board-filter.js';

/** How many values are proposed. */
const PROPOSED = 10;

/** Texts that go on from what is typed: the name of a filter, or a value of it. */
export async function completionsOf(client: Client, text: string): Promise<readonly string[]> {
  const start = text.lastIndexOf(' ') + 1;
  const word = text.slice(start);
  const colon = word.indexOf(':');
  if (word === '') return [];
  if (colon < 0)
    return FILTERS.filter((name) => name !== 'q' && name.startsWith(word)).map(
      (name) => `${text.slice(0, start)}${name}:`,
    );
  const name = FILTERS.find((known) => known === word.slice(0, colon));
  const values = name ? await valuesOf(client, name, word.slice(colon + 1)) : [];
  return values.slice(0, PROPOSED).map((value) => `${text.slice(0, start + colon + 1)}${value}`);
}

async function valuesOf(client: Client, name: FilterName, begin: string): Promise<readonly string[]> {
  const among = (names: readonly string[]) =>
    names.map((each) => each.toLowerCase()).filter((each) => each.startsWith(begin.toLowerCase()));
  switch (name) {
    // Tags with a space can't be typed here.
    case 'tag':
      return (await client.tags({ prefix: begin })).filter((tag) => !/\s/.test(tag));
    case 'agent':
      return (await client.agents({ first: PROPOSED, filter: { search: begin } })).nodes
        .map((agent) => agent.name)
        .filter((agent) => agent.startsWith(begin));
    case 'priority':
      return among(PRIORITIES);
    case 'waiting':
      return among(WAITING_REASONS);
    case 'overdue':
      return ['yes'];
    case 'pipeline':
    case 'q':
      return [];
  }
}
