import { expect, it } from 'vitest';
import { deriveAgentStatus } from '../../../src/domain/agents/status.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

it('is the same in the database as in the domain, for each combination of facts', async () => {
  const now = new Date('2030-01-01T00:00:00Z');
  const times = [null, now];
  const lastSeen = [null, -1, 999, 1_000, 1_001, 60_000].map((ms) =>
    ms === null ? null : new Date(now.getTime() - ms),
  );
  for (const pausedAt of times)
    for (const errorAt of times)
      for (const lastSeenAt of lastSeen)
        for (const hasLiveLease of [true, false]) {
          const [row] = await services.sql('SELECT derive_agent_status($1, $2, $3, $4, $5, 1000) AS status', [
            pausedAt,
            errorAt,
            lastSeenAt,
            hasLiveLease,
            now,
          ]);
          expect(row).toEqual({
            status: deriveAgentStatus({ pausedAt, errorAt, lastSeenAt, hasLiveLease }, now, 1_000),
          });
        }
});
