import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { hostileSettings } from './test/support/postgres/hostile-settings.js';
import { ProcessesFirst } from './test/support/runner/processes-first.js';

// Vite would load the ES build of graphql, while Node loads the CommonJS build for yoga and Pothos: two GraphQLError classes.
const resolve = {
  alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
};

const common = {
  pool: 'forks',
  // These timeouts only end tests that hang: a busy machine may be ten times slower than an idle one.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
  unstubEnvs: true,
  expect: { poll: { timeout: 20_000, interval: 10 } },
} as const;

/** Files that need neither PostgreSQL nor a build. They run within seconds. */
const unit = [
  'test/{kernel,domain,verbs}/**/*.test.ts',
  'test/cli/{help,instants}.test.ts',
  'test/sdk/{follow,lease,sse-silence,worker-requests}.test.ts',
];

/**
 * Files that start processes, or fill a cache of the process. Each runs in a process of its own, so that it can't affect others, which
 * costs a second of the processor. In a file that is missing here, the second server of a worker is refused.
 */
const processes = [
  'test/{dashboard,e2e,examples,mcp}/**/*.test.ts',
  'test/cli/{commands,failures,streams,terminal,worker}.test.ts',
  'test/conventions/{boundaries,lint,read-client}.test.ts',
  'test/docs/{agent-setup,patterns,quickstart,webhooks}.test.ts',
  'test/postgres/{embedded-postgres,migrate,prepared-lists,session}.test.ts',
  'test/postgres/embedded/*.test.ts',
  'test/sdk/{browser,client,errors,package,reviewer,streams,types,worker}.test.ts',
  'test/sdk/worker-{network,questions,stop,torture}.test.ts',
];

/** Files that run a second time, on databases whose settings change the meaning of statements and results. */
const hostile = [
  'test/e2e/revoked-elsewhere.test.ts',
  'test/feed/cursor.test.ts',
  'test/graphql/tasks/reads.test.ts',
  'test/services/keys/*.test.ts',
  'test/services/recurring/spawn-recurring-tasks.test.ts',
  'test/services/runs/{live-runs,run-races}.test.ts',
];

const postgres = 'test/support/runner/shared-postgres.ts';

export default defineConfig({
  test: {
    // Many files of processes wait for time to pass. On two cores, three workers keep both busy.
    maxWorkers: 3,
    reporters: ['default', './test/support/runner/tally-reporter.ts'],
    sequence: { sequencer: ProcessesFirst },
    projects: [
      // Not isolated: loading modules takes longer than most tests, and the modules of src have no state that tests could share.
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
      {
        resolve,
        test: {
          ...common,
          name: 'hostile',
          isolate: false,
          globalSetup: ['test/support/runner/current-bundle.ts', postgres],
          provide: { databaseSettings: hostileSettings },
          include: hostile,
        },
      },
    ],
  },
});
