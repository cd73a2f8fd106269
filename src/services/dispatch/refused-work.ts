import { type Clock, systemClock } from '../../kernel/clock.js';

/** Work that a gateway refused with the answer that it refuses every call. */
interface RefusedWork {
  readonly refusedAtMs: number;
  /** A call of other work that began after the refusal was answered. So the gateway does not refuse every call. */
  isAtFault: boolean;
  /** The refusals since then. */
  strikes: number;
}

/** What is known about work that was refused just now. */
interface Refusal {
  /** How many times it was refused through its own fault. */
  readonly strikes: number;
  /** The gateway has refused this work before. */
  readonly isRepeated: boolean;
}

/** What one gateway refused. */
interface RefusalsOfGateway {
  readonly works: Map<string, RefusedWork>;
  /** The first refusal since the gateway last answered a call that began after a refusal. */
  first: { readonly workId: string; readonly atMs: number } | null;
}

/** The pieces of refused work that are remembered for each gateway. Without a bound a broken gateway would fill the memory. */
const MAX_REMEMBERED = 1_000;

/**
 * Decides whether a gateway that refuses every call does so: if it refuses the same work again and has meanwhile answered
 * other work, the work is at fault. An answer counts only if its call began after the refusal, because calls that began
 * before a key was revoked may still be answered. Between two answers only the work that was refused first can be at fault:
 * a gateway that breaks again refuses all the work that it has refused before. Each process remembers what it saw itself.
 */
export function createRefusedWork(clock: Clock = systemClock) {
  const gateways = new Map<string, RefusalsOfGateway>();

  function refusalsOf(gatewayName: string): RefusalsOfGateway {
    const refusals = gateways.get(gatewayName) ?? { works: new Map<string, RefusedWork>(), first: null };
    gateways.set(gatewayName, refusals);
    return refusals;
  }

  return {
    /** The gateway answered a call of this work that this process began at `begunAtMs`. */
    noteAnswer(gatewayName: string, workId: string, begunAtMs: number): void {
      const refusals = gateways.get(gatewayName);
      if (refusals === undefined) return;
      refusals.works.delete(workId);
      if (refusals.first !== null && begunAtMs > refusals.first.atMs) refusals.first = null;
      for (const work of refusals.works.values()) if (begunAtMs > work.refusedAtMs) work.isAtFault = true;
    },
    /** Notes a refusal. `isBroken`: the gateway counts as broken, so the refusal says nothing about the work. */
    noteRefusal(gatewayName: string, workId: string, isBroken: boolean): Refusal {
      const refusals = refusalsOf(gatewayName);
      const { works } = refusals;
      refusals.first ??= { workId, atMs: clock.now() };
      const work = works.get(workId);
      if (work === undefined) {
        works.set(workId, { refusedAtMs: clock.now(), isAtFault: false, strikes: 0 });
        for (const oldest of works.keys()) if (works.size > MAX_REMEMBERED) works.delete(oldest);
        return { strikes: 0, isRepeated: false };
      }
      const isFirst = refusals.first.workId === workId;
      if (!work.isAtFault || !isFirst || isBroken) return { strikes: 0, isRepeated: true };
      work.strikes += 1;
      return { strikes: work.strikes, isRepeated: true };
    },
  };
}
