/** Prints a measured duration beside the results. No test depends on it. */
export function reportMs(what: string, samplesMs: readonly number[]): void {
  const sorted = [...samplesMs].sort((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  const spread =
    sorted.length === 1 ? `${at(0)} ms` : `median ${at(0.5)} ms, worst ${at(1)} ms of ${sorted.length}`;
  reportFigures(what, spread);
}

/** Prints figures beside the results. No test depends on them. */
export function reportFigures(what: string, figures: string): void {
  process.stdout.write(`   measured: ${what}: ${figures}\n`);
}
