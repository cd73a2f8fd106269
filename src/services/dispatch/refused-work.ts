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

/** The pieces of refused work that are remembered for each gateway. Without a bound a broken gateway would fill the memory. */
const MAX_REMEMBERED = 1_000;

/**
 * Decides whether a gateway that refuses every call does so: if it refuses the same work again and has meanwhile answered
 * other work, the work is at fault. An answer counts only if its call began after the refusal, because calls that began
 * before a key was revoked may still be answered. Each process remembers what it saw itself.
 */
export function createRefusedWork(clock: Clock = systemClock) {
  const gateways = new Map<string, Map<string, RefusedWork>>();

  function worksOf(gatewayName: string): Map<string, RefusedWork> {
    const works = gateways.get(gatewayName) ?? new Map<string, RefusedWork>();
    gateways.set(gatewayName, works);
    return works;
  }

  return {
    /** The gateway answered a call of this work that this process began at `begunAtMs`. */
    noteAnswer(gatewayName: string, workId: string, begunAtMs: number): void {
      const works = gateways.get(gatewayName);
      if (works === undefined) return;
      works.delete(workId);
      for (const work of works.values()) if (begunAtMs > work.refusedAtMs) work.isAtFault = true;
    },
    /** Notes a refusal. */
    noteRefusal(gatewayName: string, workId: string, isBroken: boolean): Refusal {
      const works = worksOf(gatewayName);
      const work = works.get(workId);
      if (work === undefined) {
        works.set(workId, { refusedAtMs: clock.now(), isAtFault: false, strikes: 0 });
        for (const oldest of works.keys()) if (works.size > MAX_REMEMBERED) works.delete(oldest);
        return { strikes: 0, isRepeated: false };
      }
      // While other work is refused too, the gateway may be broken in the meantime.
      if (!work.isAtFault || isBroken) return { strikes: 0, isRepeated: true };
      work.strikes += 1;
      return { strikes: work.strikes, isRepeated: true };
    },
  };
}
