import type { Client } from '../client.js';
import { MissionControlError } from '../errors/base.js';
import type { Settings } from './options.js';

/** The runs that a worker holds. */
export interface OwnRuns {
  readonly size: number;
  has(runId: string): boolean;
}

/**
 * The agent holds as many tasks as it may, and not all of them are with this worker, which has places free: another process
 * works under the same name, or one has died or lost the network. It is reported to `onError` once.
 */
export class CapacityTakenError extends MissionControlError {
  /** The name of the agent. */
  readonly agent: string;
  /** How many tasks of the agent are not with this worker. */
  readonly heldElsewhere: number;

  constructor(agent: string, heldElsewhere: number, capacity: number) {
    super(
      'CAPACITY_TAKEN',
      `This worker gets no task, although it has places free: ${agent} may hold ${capacity} at once, and ${heldElsewhere} of them are not with this worker. ` +
        `Another process works as ${agent}: stop it, give it an agent of its own, or raise the capacity. ` +
        'Or a process has died or lost its network: "resume: true" or client.disconnectAgent() takes over what it held.',
    );
    this.agent = agent;
    this.heldElsewhere = heldElsewhere;
  }
}

/** Finds out who holds the tasks of an agent that is at its capacity. */
export class CapacityWatch {
  readonly #client: Client;
  readonly #settings: Settings;
  #isExplained = false;

  constructor(client: Client, settings: Settings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Reports once that the tasks at which the agent is full are not all with this worker. */
  async explain(own: OwnRuns): Promise<void> {
    const before = own.size;
    if (this.#isExplained || before >= this.#settings.capacity) return;
    const agent = await this.#read().catch(() => null);
    if (!agent) return;
    const { name, activeTaskCount, maxCapacity } = agent;
    // Runs of this worker begin and end while the question is on its way.
    const elsewhere = activeTaskCount - Math.max(before, own.size);
    if (elsewhere <= 0) return;
    this.#isExplained = true;
    this.#settings.onError(
      new CapacityTakenError(name, elsewhere, Math.min(maxCapacity, this.#settings.capacity)),
    );
  }

  async #read() {
    const ref = this.#settings.agent ?? (await this.#client.viewer({ retries: 0 })).agent;
    return ref && this.#client.agent({ ref: { name: ref.name } }, { retries: 0 });
  }
}
