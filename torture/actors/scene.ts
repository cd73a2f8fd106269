import { setTimeout as delay } from 'node:timers/promises';
import type { Plan } from '../plan/plan.js';
import { createRandom, type Random } from '../random.js';
import type { RunRecord } from '../record.js';
import type { World } from '../world/world.js';

/** The phases of a run: new work and faults; then no faults, and the work is finished; then the end. */
type Phase = 'play' | 'finish' | 'over';

/** What the actors of a run share. */
export class Scene {
  #phase: Phase = 'play';
  /** Tasks that were created, newest last. Actors pick from the last ones. */
  readonly taskIds: string[] = [];

  constructor(
    readonly plan: Plan,
    readonly record: RunRecord,
    private readonly world: World,
  ) {}

  /** The addresses of the servers, as clients reach them. */
  doors(): string[] {
    return this.world.posts.map(({ door }) => `http://127.0.0.1:${door.port}`);
  }

  randomOf(name: string): Random {
    return createRandom(this.plan.seed, name);
  }

  /** Whether new work may be made and work may fail. */
  isPlaying(): boolean {
    return this.#phase === 'play';
  }

  isOver(): boolean {
    return this.#phase === 'over';
  }

  enter(phase: Phase): void {
    this.#phase = phase;
  }

  /** The pause of an actor between two calls. */
  async pause(random: Random, scale = 1): Promise<void> {
    const [least, most] = this.plan.load === 'light' ? [150, 500] : [5, 80];
    await delay(random.between(least, most) * scale);
  }

  /** One of the tasks that were created last; null if there is none yet. */
  pickTask(random: Random): string | null {
    const recent = this.taskIds.slice(-60);
    return recent.length === 0 ? null : random.pick(recent);
  }
}
