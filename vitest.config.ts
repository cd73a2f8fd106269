import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ProcessesFirst } from './test/support/runner/processes-first.js';

// Vite would take the ES build of graphql while yoga and Pothos, which Node loads, take the CommonJS one: two GraphQLErrors.
const resolve = {
  alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
};

const common = {
  pool: 'forks',
  // These end what hangs and prove nothing: a busy machine may be ten times slower than a quiet one.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
  unstubEnvs: true,
  expect: { poll: { timeout: 20_000, interval: 10 } },
} as const;

/** Files that need neither PostgreSQL nor a build: they answer within seconds. */
const unit = ['kernel', 'domain'].map((folder) => `test/${folder}/**/*.test.ts`);

/** Files that start processes: each has a process to itself, with whatever it leaves behind. */
const processes = ['docs', 'e2e', 'examples', 'house', 'postgres'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

const postgres = 'test/support/runner/shared-postgres.ts';

export default defineConfig({
  test: {
    // Every file of modules and processes talks to a real PostgreSQL that shares the machine with the tests.
    maxWorkers: 2,
    reporters: ['default', './test/support/runner/tally-reporter.ts'],
    sequence: { sequencer: ProcessesFirst },
    projects: [
      // Loading what a file needs costs more than its tests do; src keeps no state in modules that one could spoil.
      { resolve, test: { ...common, name: 'unit', include: unit, isolate: false } },
      {
        resolve,
        test: {
          ...common,
          name: 'modules',
          globalSetup: [postgres],
          include: ['test/**/*.test.ts'],
          exclude: [...unit, ...processes],
          isolate: false,
        },
      },
      {
        resolve,
        test: {
          ...common,
          name: 'processes',
          globalSetup: ['test/support/runner/current-bundle.ts', postgres],
          include: processes,
        },
      },
    ],
  },
});
