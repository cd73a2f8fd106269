import { setTimeout as pause } from 'node:timers/promises';
import type { Acceptance } from '../../gateway/gateway.js';
import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import { abortWith, type PlannedCall } from './gateway-call.js';

/** What decides whether an accepted call may go on. */
export interface AcceptanceOptions {
  readonly instrument: Instrument;
  /** Ends the call. */
  readonly controller: AbortController;
  /** Whether this process still holds the lease of the run, by its own clock. */
  hasLease(runId: string): boolean;
}

/**
 * Stores what is needed to find an accepted call after a crash. A call that must be stored waits for the commit. Any other
 * continues even if that fails, and is then only harder to find.
 * @throws CallNotStored if the call must be stored and this process lost the run first.
 */
export async function storeAcceptance(
  planned: PlannedCall,
  acceptance: Acceptance,
  options: AcceptanceOptions,
): Promise<void> {
  if (acceptance.mustBeStored) return storeBeforeBegin(planned, acceptance, options);
  try {
    await planned.onAccepted(acceptance);
  } catch (error) {
    report(planned, options.instrument, error);
  }
}

/** The call of a run did not begin, because this process no longer owns the run. */
class CallNotStored extends Error {
  override readonly name = 'CallNotStored';
}

async function storeBeforeBegin(
  planned: PlannedCall,
  acceptance: Acceptance,
  { instrument, controller, hasLease }: AcceptanceOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const isOurs = await store(planned, acceptance, attempt === 1 ? instrument : null);
    // This process may have been frozen meanwhile, and another may have taken the run over after the commit.
    if (isOurs === false || controller.signal.aborted || !hasLease(planned.runId)) {
      abortWith(controller, 'LOST');
      throw new CallNotStored(`the run ${planned.runId} was lost before its call began`);
    }
    if (isOurs) return;
    await pause(backoffMs({ attempt, baseMs: 50, maxMs: 1_000, random: randomFraction() }));
  }
}

/** Whether this process owns the run; null if the database did not say. */
async function store(
  planned: PlannedCall,
  acceptance: Acceptance,
  instrument: Instrument | null,
): Promise<boolean | null> {
  try {
    return await planned.onAccepted(acceptance);
  } catch (error) {
    if (instrument !== null) report(planned, instrument, error);
    return null;
  }
}

function report({ runId, gateway }: PlannedCall, instrument: Instrument, error: unknown): void {
  const message = 'An accepted call could not be noted on its run';
  instrument.emit('warn', 'gateway.state_not_written', message, { runId, gateway: gateway.name, error });
}
