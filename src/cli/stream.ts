import type { StreamVerb } from '../verbs/verb.js';
import { InterruptedError } from './failures.js';
import { openState } from './session/cursor-state.js';
import { PATIENT, type Session } from './session/session.js';

/**
 * Prints a stream until it ends or is interrupted. With a state file the stream goes on after the cursor in it. A cursor is
 * kept after its event was written, so that a reader that is killed misses nothing; it may see the last event twice.
 */
export async function runStream(
  session: Session,
  verb: StreamVerb,
  input: unknown,
  statePath: string | undefined,
): Promise<void> {
  const { printer, signal } = session;
  const state = statePath === undefined ? null : await openState(statePath);
  const from = state?.cursor == null ? input : { ...(input as object), after: state.cursor };
  try {
    for await (const answer of verb.open(await session.client(PATIENT), from, { signal })) {
      await printer.entry(answer);
      await state?.keep(cursorOf(answer.data));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new InterruptedError('Interrupted.', { cause: error });
  } finally {
    await state?.close();
  }
}

function cursorOf(data: unknown): string | null {
  const cursor = typeof data === 'object' && data !== null && 'cursor' in data ? data.cursor : null;
  return typeof cursor === 'string' ? cursor : null;
}
