/** Whether an event of this type is the end of a run. */
export function isEndOfRun(type: string): boolean {
  return /^run\.(succeeded|failed|timed_out|released|requeued|cancelled)$/.test(type);
}
