/** Arguments for tools that no honest client sends. */
export const hostile: readonly Record<string, unknown>[] = [
  { run: 42 },
  { run: null, resolution: [] },
  { run: 'x\u0000', resolution: '\ud800', message: '\u0000', error: '\u0000', text: '\u0000' },
  { task: { ref: 1 }, verdict: 'MAYBE' },
  { task: "'; DROP TABLE task", body: 'x', verdict: 'APPROVED' },
  { constructor: 1, toString: 2 },
  { after: 'no cursor', title: '\u0000', limit: 1e9, waitSeconds: -1 },
];
