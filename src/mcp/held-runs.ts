import { systemClock } from '../kernel/clock.js';
import { waitAtMost } from '../kernel/with-deadline.js';
import { type AgentRef, type Client, RefusedError, type TypedDocument } from '../sdk/index.js';
import { isIdOf } from '../verbs/refs.js';

/** How runs are kept. */
export interface HeldRunsOptions {
  readonly client: Client;
  /** The length of a lease, in seconds. */
  readonly leaseSeconds: number;
  /** How often leases are renewed. Default: a third of the lease. */
  readonly renewMs?: number | undefined;
  /** A client that has sent nothing for this time has left; null if another sign tells it. */
  readonly idleMs: number | null;
}

/** A run that a client has claimed, on a task or of a review. */
export interface HeldRun {
  readonly id: string;
  /** The agent that a key of an operator has named, for whom the lease of a review is renewed. */
  readonly agent?: AgentRef | undefined;
  /** The task of a review: the verdict names it instead of the run. */
  readonly reviewOf?: string | undefined;
  /** The end of the lease that this process knows. */
  readonly leaseEnd?: string | undefined;
}

/** Why a client counts as gone. One that was not heard may have gone on at another process. */
export type Departure = 'ended' | 'unheard';

/** A claim that has committed is answered within this time. One that waits for a task takes longer and has claimed nothing. */
const LAST_ANSWER_MS = 1_000;

const LEASE_OF: TypedDocument<
  { readonly node: { readonly leaseExpiresAt?: string | null } | null },
  { readonly id: string }
> = 'query LeaseOf($id: ID!) { node(id: $id) { ... on TaskRun { leaseExpiresAt } } }';

/** Renewals per lease: one of them may be lost. */
const RENEWALS_PER_LEASE = 3;

/**
 * The runs that an MCP client has claimed. A model cannot renew a lease while it works, so this process does it until the
 * run is handed in or the client leaves. A process that dies leaves the lease to end by itself.
 */
export class HeldRuns {
  readonly #runs = new Map<string, HeldRun>();
  readonly #claims = new Set<Promise<unknown>>();
  readonly #options: HeldRunsOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<unknown> | undefined;
  #hasLeft = false;
  /**
   * The client has closed its stream, perhaps to open it at another process. Nothing is renewed meanwhile, so that a renewal
   * by that process can be told from the own ones.
   */
  isBetweenStreams = false;
  #usedAt = systemClock.now();

  constructor(options: HeldRunsOptions) {
    this.#options = options;
  }

  /** The lease that claims ask for. */
  get lease(): string {
    return `PT${this.#options.leaseSeconds}S`;
  }

  /** True if no run is held. */
  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  /** The client is alive. */
  touch(): void {
    this.#usedAt = systemClock.now();
  }

  /**
   * The client has come from another process, which leaves runs alone whose leases it has not renewed itself. Each lease of
   * the agent keeps its length. A key without an agent has nothing to renew.
   */
  async arrive(): Promise<void> {
    await this.#options.client.heartbeat({}).catch(() => undefined);
  }

  /**
   * Makes a claim. A call that its client cancels, or leaves, ends a moment later: a claim that has committed is answered by
   * then, and its run is given back.
   *
   * @param signal - aborted when the client cancels the call or leaves.
   * @param runOf - the run in the answer, if there is one.
   */
  async claiming<Answer>(
    claim: (signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
    runOf: (answer: Answer) => HeldRun | null,
  ): Promise<Answer> {
    const late = new AbortController();
    const abortLater = () => setTimeout(() => late.abort(signal.reason), LAST_ANSWER_MS).unref();
    signal.addEventListener('abort', abortLater, { once: true });
    const work = claim(late.signal).then(async (answer) => {
      const run = runOf(answer);
      if (run !== null) await (signal.aborted ? this.#release(run.id) : this.keep(run));
      return answer;
    });
    this.#claims.add(work);
    try {
      return await work;
    } finally {
      this.#claims.delete(work);
      signal.removeEventListener('abort', abortLater);
    }
  }

  /** Renews the lease of a run from now on. A run that is claimed while the client leaves is given back at once. */
  async keep(run: HeldRun): Promise<void> {
    if (this.#hasLeft) return this.#release(run.id);
    this.#runs.set(run.id, { ...this.#runs.get(run.id), ...run });
    const { leaseSeconds, renewMs = (leaseSeconds * 1_000) / RENEWALS_PER_LEASE } = this.#options;
    this.#timer ??= setInterval(() => this.#tick(), renewMs).unref();
  }

  /** The run has ended. */
  forget(runId: string): void {
    this.#runs.delete(runId);
    if (this.isEmpty) this.#stop();
  }

  /** The review of a task has ended. */
  forgetReviewOf(taskId: unknown): void {
    for (const { id, reviewOf } of [...this.#runs.values()]) if (reviewOf === taskId) this.forget(id);
  }

  /** The client has left: its tasks return to the queue without a counted attempt. */
  async leave(departure: Departure = 'ended'): Promise<void> {
    this.#hasLeft = true;
    await waitAtMost(LAST_ANSWER_MS, Promise.allSettled(this.#claims));
    await this.#giveBack(departure);
  }

  async #giveBack(departure: Departure): Promise<void> {
    this.#stop();
    // The answer to a renewal under way says which end of the lease is the own one.
    await waitAtMost(LAST_ANSWER_MS, this.#renewing ?? Promise.resolve());
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    await Promise.all(
      runs.map(async (run) => {
        if (departure === 'unheard' && (await this.#isRenewedElsewhere(run))) return;
        await this.#release(run.id);
      }),
    );
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { idleMs } = this.#options;
    if (idleMs !== null && systemClock.now() - this.#usedAt > idleMs) return void this.#giveBack('unheard');
    if (this.isBetweenStreams) return;
    this.#renewing ??= Promise.all([...this.#runs.values()].map((run) => this.#renew(run))).finally(() => {
      this.#renewing = undefined;
    });
  }

  /** A refusal says that the run has ended. Anything else is tried again with the next renewal. */
  async #renew(run: HeldRun): Promise<void> {
    try {
      if (!(await this.#isRenewed(run))) this.forget(run.id);
    } catch (error) {
      if (error instanceof RefusedError) this.forget(run.id);
    }
  }

  /** The lease of a review is renewed by a heartbeat for it alone. */
  async #isRenewed(run: HeldRun): Promise<boolean> {
    const { client } = this.#options;
    const { id, agent } = run;
    const lease = this.lease;
    if (isIdOf('run', id)) {
      const renewed = await client.renewLease({ runId: id, lease });
      if (this.#runs.has(id))
        this.#runs.set(id, { ...run, leaseEnd: renewed.run.leaseExpiresAt ?? undefined });
      return true;
    }
    const { lostRunIds } = await client.heartbeat({ agent, runIds: [id], onlyRunIds: true, lease });
    return !lostRunIds.includes(id);
  }

  /** A client that goes on at another process makes that one renew the lease. Reviews are not renewed there. */
  async #isRenewedElsewhere({ id, leaseEnd }: HeldRun): Promise<boolean> {
    if (leaseEnd === undefined) return false;
    const { node } = await this.#options.client.request(LEASE_OF, { id }).catch(() => ({ node: null }));
    return typeof node?.leaseExpiresAt === 'string' && node.leaseExpiresAt !== leaseEnd;
  }

  /** A run that cannot be given back returns at the end of its lease. */
  async #release(runId: string): Promise<void> {
    await this.#options.client
      .releaseTask({ runId, reason: 'The MCP client has left.' })
      .catch(() => undefined);
  }
}
