import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take the ES build of graphql while yoga and Pothos, which Node loads, take the CommonJS one: two GraphQLErrors.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Every file talks to a real PostgreSQL that shares the machine with the tests.
    maxWorkers: 2,
    // These end what hangs and prove nothing: a busy machine may be ten times slower than a quiet one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 10 } },
    teardownTimeout: 30_000,
    unstubEnvs: true,
    reporters: ['default', './test/support/tally-reporter.ts'],
  },
});
