import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { ServiceSettings } from '../../../src/services/service-context.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { ScriptedGateway } from '../gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../postgres/database.js';
import type { TestServices } from './services.js';

export interface DispatchTest {
  readonly database: TestDatabase;
  readonly gateway: ScriptedGateway;
  readonly here: Process;
  /** The services of `here`. */
  readonly services: TestServices;
}

/**
 * Opens a process with a scripted gateway on a new database before each test, and closes both after it. The process is
 * not started. Call it once in a test file.
 *
 * @param begin receives them before each test.
 */
export function useDispatch(begin: (test: DispatchTest) => unknown, settings: Partial<ServiceSettings> = {}) {
  let database: TestDatabase;
  let gateway: ScriptedGateway;
  let here: Process | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
    gateway = new ScriptedGateway();
    here = await aProcess(database.url, { gateways: [gateway], ...settings });
    await begin({ database, gateway, here, services: here.services });
  });
  afterEach(async () => {
    await here?.close();
    await database.drop();
  });

  return {
    /** Waits until the gateway has received this many calls. */
    received: (count: number) =>
      vi.waitFor(() => expect(gateway.calls).toHaveLength(count), { timeout: 20_000, interval: 2 }),
  };
}
