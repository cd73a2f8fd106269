import { setTimeout as pause } from 'node:timers/promises';
import type {
  Gateway,
  GatewayAnswer,
  GatewayCall,
  GatewayHooks,
  GatewayReach,
  GatewayState,
  RecoveredAnswer,
} from '../../../src/gateway/gateway.js';

/** A received call, and the function that answers it. */
export interface ReceivedCall {
  readonly call: GatewayCall;
  readonly signal: AbortSignal;
  answer(answer: GatewayAnswer): void;
}

type Script = (call: GatewayCall, hooks: GatewayHooks) => Promise<RecoveredAnswer> | RecoveredAnswer;

/** A gateway that a test controls. By default it accepts calls and keeps them waiting. */
export class ScriptedGateway implements Gateway {
  readonly kind = 'echo';
  readonly calls: ReceivedCall[] = [];
  readonly recoveries: { readonly call: GatewayCall; readonly state: GatewayState | null }[] = [];
  probes = 0;
  reach: GatewayReach = { reachable: true, error: null };
  script: Script | null = null;
  recovery: Script = () => ({ outcome: 'UNKNOWN' });
  /** False: an abort has no effect, as with a gateway that hangs. */
  respondsToAborts = true;

  constructor(readonly name = 'scripted') {}

  async send(call: GatewayCall, hooks: GatewayHooks): Promise<GatewayAnswer> {
    const waiting = this.receive(call, hooks.signal);
    if (this.script !== null) return this.run(this.script, call, hooks);
    await hooks.onAccepted({ gatewayRunId: call.idempotencyKey, state: { boot: this.name } });
    return waiting;
  }

  async recover(
    call: GatewayCall,
    state: GatewayState | null,
    hooks: GatewayHooks,
  ): Promise<RecoveredAnswer> {
    this.recoveries.push({ call, state });
    return this.recovery(call, hooks);
  }

  async probe(): Promise<GatewayReach> {
    this.probes += 1;
    return this.reach;
  }

  async close(): Promise<void> {}

  /** The last received call. */
  last(): ReceivedCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no call was received');
    return call;
  }

  private receive(call: GatewayCall, signal: AbortSignal): Promise<GatewayAnswer> {
    return new Promise((resolve) => {
      this.calls.push({ call, signal, answer: resolve });
      if (this.respondsToAborts) signal.addEventListener('abort', () => resolve({ outcome: 'ABORTED' }));
    });
  }

  private async run(script: Script, call: GatewayCall, hooks: GatewayHooks): Promise<GatewayAnswer> {
    const answer = await script(call, hooks);
    if (answer.outcome === 'UNKNOWN') throw new Error('UNKNOWN is not an answer to a call');
    return answer;
  }
}

/** Creates a successful answer. */
export function answered(text: string): GatewayAnswer {
  return { outcome: 'ANSWERED', text, usage: null, model: null };
}

/** Returns the answer after a pause. */
export async function answeredAfter<Answer extends RecoveredAnswer>(
  ms: number,
  answer: Answer,
): Promise<Answer> {
  await pause(ms);
  return answer;
}

/** Never answers, and ends when it is aborted. */
export function hang(_call: GatewayCall, { signal }: GatewayHooks): Promise<GatewayAnswer> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ outcome: 'ABORTED' }));
  });
}
