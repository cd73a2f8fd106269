import { createHash } from 'node:crypto';

/** PostgreSQL cuts longer names off, which could make two names equal. */
const MAX_LABEL = 40;
const NAMES = new Map<string, string>();
/** Part of the names, so that a later one is prepared again on every connection. */
let generation = 0;

/**
 * The name under which connections prepare a text: a label for readers and a hash of the text. Two texts never share a
 * name, even if their labels differ: the driver refuses to send a second text under a name that it knows. The result is
 * cached by text, because this runs for every statement. So the text must come from a limited set.
 */
export function preparedNameOf(label: string, text: string): string {
  let name = NAMES.get(text);
  if (name === undefined) {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 20);
    name = `${label.slice(0, MAX_LABEL)}_${hash}${generation === 0 ? '' : `_${generation}`}`;
    NAMES.set(text, name);
  }
  return name;
}

/**
 * Gives all texts new names. A newer server that migrates while this one runs adds columns, and PostgreSQL then refuses
 * what a connection has prepared with the former ones.
 */
export function forgetPreparedNames(): void {
  generation += 1;
  NAMES.clear();
}
