import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { location, queryValue, setQuery } from '../frame/router.js';

/** How long the typing must pause before the address changes, in milliseconds. */
const PAUSE_MS = 250;

/** A filter of the address that is typed. */
export interface TypedFilter {
  /** What the field shows: also spaces and texts that are not finished, which the address does not have. */
  readonly text: Signal<string>;
  /** Takes what was typed. The address follows after a pause, but not with a draft. */
  readonly type: (text: string, kind?: 'draft') => void;
  /** Puts filters into the address at once, in place of what is typed. */
  readonly finish: (changes: Readonly<Record<string, string>>) => void;
}

/** Binds a field to a filter of the address. Only a change of the address that comes from elsewhere replaces what is typed. */
export function useTypedFilter(name: string): TypedFilter {
  const asked = queryValue(name).trim();
  const text = useSignal(asked);
  /** What the address had when the field and the address were the same. */
  const agreed = useRef(asked);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    const now = (location.peek().query.get(name) ?? '').trim();
    if (now === agreed.current) return;
    clearTimeout(timer.current);
    agreed.current = now;
    text.value = now;
  }, [asked]);
  // Another view must not get what was typed in this one.
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (changes: Readonly<Record<string, string>>, replace: boolean) => {
    agreed.current = changes[name] ?? '';
    setQuery(changes, { replace });
  };
  return {
    text,
    type(value, kind) {
      text.value = value;
      clearTimeout(timer.current);
      if (kind !== 'draft') timer.current = setTimeout(() => send({ [name]: value.trim() }, true), PAUSE_MS);
    },
    finish(changes) {
      clearTimeout(timer.current);
      text.value = changes[name] ?? '';
      send(changes, false);
    },
  };
}
