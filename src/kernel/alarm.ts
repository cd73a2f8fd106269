/** The longest timeout that Node can wait for, in milliseconds. */
export const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** A sleep that other code can end early. A ring without a sleeper makes the next sleep end at once. */
export interface Alarm {
  ring(): void;
  /** Resolves at a ring, or after `ms` if given, and to whether it has rung. One sleeper at a time. */
  sleep(ms?: number): Promise<boolean>;
}

/** Creates an alarm that has not rung. */
export function createAlarm(): Alarm {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async sleep(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const isRung = rung;
      wake = undefined;
      rung = false;
      return isRung;
    },
  };
}
