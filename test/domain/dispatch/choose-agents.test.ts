import { describe, expect, it } from 'vitest';
import { type Candidate, chooseAgents } from '../../../src/domain/dispatch/choose-agents.js';

const of = (agentId: string, gatewayName: string): Candidate => ({ agentId, gatewayName });
const snail = of('snail', 'a');
const hare = of('hare', 'a');
const owl = of('owl', 'b');

/** Offers slots to the candidates until none takes one, and counts the calls of each agent. */
function fill(concurrency: number, candidates: readonly Candidate[], fleet = fleetOf(candidates)) {
  const underWay: Candidate[] = [];
  for (;;) {
    const chosen = chooseAgents(candidates, {
      concurrency,
      free: concurrency - underWay.length,
      underWay,
      fleet,
    });
    if (chosen.length === 0) break;
    underWay.push(...chosen);
  }
  const calls = (agentId: string) => underWay.filter((call) => call.agentId === agentId).length;
  return { snail: calls('snail'), hare: calls('hare'), owl: calls('owl') };
}

function fleetOf(agents: readonly Candidate[]): Map<string, number> {
  const names = [...new Set(agents.map(({ gatewayName }) => gatewayName))];
  return new Map(names.map((name) => [name, agents.filter((each) => each.gatewayName === name).length]));
}

describe('the shares of the slots', () => {
  it('give an agent all of them while there is no other', () => {
    for (const concurrency of [1, 2, 8]) expect(fill(concurrency, [snail]).snail).toBe(concurrency);
  });

  it('leave a quarter to other agents of the same gateway', () => {
    expect(fill(8, [snail], fleetOf([snail, hare])).snail).toBe(6);
  });

  it('leave room within the share of a gateway as well, while there are other gateways', () => {
    expect(fill(8, [snail], fleetOf([snail, hare, owl])).snail).toBe(4);
    expect(fill(8, [snail, hare], fleetOf([snail, hare, owl]))).toMatchObject({ snail: 3, hare: 3 });
  });

  it('leave room for every other agent, for every number of slots', () => {
    for (let concurrency = 2; concurrency <= 64; concurrency += 1) {
      const fleet = fleetOf([snail, hare, owl]);
      const stuck = Array.from({ length: fill(concurrency, [snail], fleet).snail }, () => snail);
      const slots = { concurrency, free: concurrency - stuck.length, underWay: stuck, fleet };
      expect(chooseAgents([hare], slots)).toEqual([hare]);
      expect(chooseAgents([owl], slots)).toEqual([owl]);
    }
  });

  it('leave a quarter to other gateways, where each has one agent', () => {
    expect(fill(8, [snail], fleetOf([snail, owl])).snail).toBe(6);
    expect(fill(2, [snail], fleetOf([snail, owl])).snail).toBe(1);
  });

  it('go first to the agents with the fewest calls', () => {
    const slots = { concurrency: 8, free: 1, underWay: [snail, snail, hare], fleet: fleetOf([snail, hare]) };
    expect(chooseAgents([snail, hare], slots)).toEqual([hare]);
  });
});
