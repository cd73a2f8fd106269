import { findClosest } from '../../kernel/closest-match.js';
import { LIMITS } from '../limits.js';
import { DependencyCycle, Refusal, Refusals } from '../refusals.js';
import { sortByDependency } from './dependency-graph.js';

/** One of several items that are created together. They have no ids yet, so they refer to each other by keys. */
export interface Keyed {
  readonly key?: string | null | undefined;
  readonly waitsFor: readonly string[];
}

/** The input paths of the items, for refusals. */
export interface KeyPaths {
  /** The path of the item at this index. */
  pathOf(place: number): readonly string[];
  /** The field with the keys of an item's dependencies. */
  readonly field: string;
}

/**
 * Sorts the items so that each comes after its dependencies, otherwise in the order of the input. Returns their indexes.
 * @throws {Refusals} INVALID for duplicate and unknown keys, and for an item with too many dependencies.
 * @throws {DependencyCycle} if items wait for each other. `cycle` has their keys.
 */
export function sortByKeys(items: readonly Keyed[], paths: KeyPaths): readonly number[] {
  const places = new Map<string, number>();
  for (const [place, { key }] of items.entries())
    if (typeof key === 'string' && !places.has(key)) places.set(key, place);
  const mistakes: Refusal[] = [];
  for (const [place, item] of items.entries())
    if (mistakes.length < MAX_MISTAKES) mistakes.push(...findMistakes(item, place, places, paths));
  if (mistakes.length > 0) throw new Refusals(mistakes);
  const { order, cycle } = sortByDependency(
    items.map(({ waitsFor }) => waitsFor.flatMap((key) => places.get(key) ?? [])),
  );
  if (order !== null) return order;
  const keys = cycle.map((place) => items[place]?.key ?? '');
  throw new DependencyCycle(keys, [...paths.pathOf(cycle[0] ?? 0), paths.field]);
}

function findMistakes(
  { key, waitsFor }: Keyed,
  place: number,
  places: ReadonlyMap<string, number>,
  { pathOf, field }: KeyPaths,
): Refusal[] {
  const path = [...pathOf(place), field];
  const mistakes =
    typeof key === 'string' && places.get(key) !== place
      ? [duplicateKey(key, [...pathOf(place), 'key'])]
      : [];
  if (waitsFor.length > LIMITS.dependencies) return [...mistakes, tooManyDependencies(path)];
  for (const [index, each] of waitsFor.entries())
    if (mistakes.length < MAX_MISTAKES && !places.has(each))
      mistakes.push(unknownKey(each, places.keys(), [...path, String(index)]));
  return mistakes;
}

/**
 * The maximum number of mistakes of one answer. More would not help a reader, and each costs a search for the closest
 * key.
 */
const MAX_MISTAKES = 20;

/** The refusal of a task or step that has too many dependencies. */
export function tooManyDependencies(path: readonly string[]): Refusal {
  return new Refusal('INVALID', `A task may depend on ${LIMITS.dependencies} others at most.`, path);
}

function duplicateKey(key: string, path: readonly string[]): Refusal {
  return new Refusal('INVALID', `The key ${key} is used twice.`, path);
}

function unknownKey(key: string, keys: Iterable<string>, path: readonly string[]): Refusal {
  const shown = key.slice(0, 63);
  const closest = findClosest(shown, keys);
  const hint = closest === undefined ? '' : ` Did you mean ${closest}?`;
  return new Refusal('INVALID', `No item of this call has the key ${JSON.stringify(shown)}.${hint}`, path);
}
