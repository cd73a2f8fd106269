import { findClosest } from '../../kernel/closest-match.js';
import { LIMITS } from '../limits.js';
import { DependencyCycle, Refusal, Refusals } from '../refusals.js';
import { sortByDependency } from './dependency-graph.js';

/** One of several that are made together: they name each other by keys, for they have no ids yet. */
export interface Keyed {
  readonly key?: string | null | undefined;
  readonly waitsFor: readonly string[];
}

/** Where in the input they stand, for refusals. */
export interface KeyPaths {
  /** The path of the one at this place. */
  pathOf(place: number): readonly string[];
  /** The field with the keys of those that it waits for. */
  readonly field: string;
}

/**
 * Their places in an order in which each comes after those that it waits for, and the input's order where that leaves a choice.
 * @throws {Refusals} INVALID for keys that are there twice or that nobody has, and for one that waits for too many.
 * @throws {DependencyCycle} if some wait for each other; `cycle` has their keys.
 */
export function sortByKeys(items: readonly Keyed[], paths: KeyPaths): readonly number[] {
  const places = new Map<string, number>();
  for (const [place, { key }] of items.entries())
    if (typeof key === 'string' && !places.has(key)) places.set(key, place);
  const mistakes: Refusal[] = [];
  for (const [place, item] of items.entries())
    if (mistakes.length < ENOUGH) mistakes.push(...findMistakes(item, place, places, paths));
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
    typeof key === 'string' && places.get(key) !== place ? [takenTwice(key, [...pathOf(place), 'key'])] : [];
  if (waitsFor.length > LIMITS.dependencies) return [...mistakes, tooManyDependencies(path)];
  for (const [index, each] of waitsFor.entries())
    if (mistakes.length < ENOUGH && !places.has(each))
      mistakes.push(unknownKey(each, places.keys(), [...path, String(index)]));
  return mistakes;
}

/** Nobody reads more mistakes, and each costs a search for what was meant. */
const ENOUGH = 20;

/** The refusal of a task or step that waits for more others than it may. */
export function tooManyDependencies(path: readonly string[]): Refusal {
  return new Refusal('INVALID', `A task may depend on ${LIMITS.dependencies} others at most.`, path);
}

function takenTwice(key: string, path: readonly string[]): Refusal {
  return new Refusal('INVALID', `The key ${key} is there twice.`, path);
}

function unknownKey(key: string, keys: Iterable<string>, path: readonly string[]): Refusal {
  const shown = key.slice(0, 63);
  const closest = findClosest(shown, keys);
  const hint = closest === undefined ? '' : ` Did you mean ${closest}?`;
  return new Refusal('INVALID', `Nothing in this call has the key ${JSON.stringify(shown)}.${hint}`, path);
}
