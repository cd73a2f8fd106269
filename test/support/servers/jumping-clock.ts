import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The time of day of a server process, which a test lets jump. */
export interface JumpingClock {
  /** The environment that gives a server process this time of day. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets the time of day differ from the real one by this, in milliseconds. */
  jumpTo(offsetMs: number): Promise<void>;
}

/** Replaces Date in the process. The monotonic clock and the timers stay as they are, as with a real jump. */
const PRELOAD = `
  import { readFileSync } from 'node:fs';
  const Real = Date;
  const offset = () => { try { return Number(readFileSync(process.env.TEST_CLOCK, 'utf8')); } catch { return 0; } };
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length === 0 ? super(Real.now() + offset()) : super(...parts); }
    static now() { return Real.now() + offset(); }
  };
`;

/** @param folder - an existing folder for the file that tells the process its time. */
export async function createJumpingClock(folder: string): Promise<JumpingClock> {
  const file = join(folder, 'clock');
  const preload = join(folder, 'clock.mjs');
  await writeFile(preload, PRELOAD);
  const jumpTo = (offsetMs: number) => writeFile(file, String(offsetMs));
  await jumpTo(0);
  return { env: { NODE_OPTIONS: `--import ${preload}`, TEST_CLOCK: file }, jumpTo };
}
