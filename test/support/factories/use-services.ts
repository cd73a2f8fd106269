import { afterAll, beforeAll, beforeEach } from 'vitest';
import { clearTasks } from './claims.js';
import { createTestServices, openTestServices, type TestServices } from './services.js';

export interface TwoProcesses {
  readonly services: TestServices;
  /** A second process on the same database. */
  readonly other: TestServices;
}

export interface UseOptions {
  /** Tests share tasks, or count on the ones that `begin` creates. By default each test begins without any task. */
  readonly keepTasks?: boolean;
}

/**
 * Opens services on a database of their own before the tests, and closes them after the tests. Call it once in a test file
 * or in a `describe`.
 *
 * @param begin receives the services and creates what all tests need.
 */
export function useServices(
  begin: (services: TestServices) => unknown,
  { keepTasks = false }: UseOptions = {},
): void {
  let services: TestServices | undefined;
  beforeAll(async () => {
    services = await createTestServices();
    await begin(services);
  });
  beforeEach(async () => {
    if (services !== undefined && !keepTasks) await clearTasks(services);
  });
  afterAll(() => services?.close());
}

/** The same with two processes on one database. */
export function useTwoProcesses(begin: (processes: TwoProcesses) => unknown, options: UseOptions = {}): void {
  let other: TestServices | undefined;
  useServices(async (services) => {
    other = await openTestServices(services.database.connectionString);
    await begin({ services, other });
  }, options);
  // Runs before the hook that drops the database: hooks that end something run last one first.
  afterAll(() => other?.close());
}
