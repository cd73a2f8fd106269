/** What a fault of this kind can be done to. `door` is the way from clients to a server, `link` that from a server to PostgreSQL. */
export type FaultTarget = 'server' | 'door' | 'link' | 'postgres' | 'schedule';

/** A kind of fault. */
export interface FaultKind {
  readonly target: FaultTarget;
  /** How long the fault lasts, from and to, in milliseconds. A fault without a length happens at one moment. */
  readonly forMs?: readonly [number, number];
  /** The size of the fault, from and to: a delay or a jump in milliseconds. */
  readonly size?: readonly [number, number];
  readonly meaning: string;
}

const HOUR_MS = 3_600_000;

/** Every kind of fault that a plan may contain. */
export const FAULT_KINDS = {
  'server.kill': { target: 'server', forMs: [0, 3_000], meaning: 'SIGKILL; started again after the time' },
  'server.stop': { target: 'server', forMs: [0, 2_000], meaning: 'SIGTERM; started again after the time' },
  'server.freeze': { target: 'server', forMs: [1_000, 16_000], meaning: 'SIGSTOP, then SIGCONT' },
  'clock.jump': { target: 'server', size: [-HOUR_MS, HOUR_MS], meaning: 'its time of day jumps' },
  'door.cut': { target: 'door', meaning: 'all connections are reset' },
  'door.refuse': { target: 'door', forMs: [500, 3_000], meaning: 'connections are reset and refused' },
  'door.stall': { target: 'door', forMs: [1_000, 8_000], meaning: 'nothing is forwarded, then all of it' },
  'door.half-open': {
    target: 'door',
    forMs: [1_000, 5_000],
    meaning: 'nothing is forwarded any more on these connections, and neither side is told',
  },
  'door.delay': { target: 'door', forMs: [2_000, 8_000], size: [20, 400], meaning: 'everything is late' },
  'link.cut': { target: 'link', meaning: 'all connections are reset' },
  'link.refuse': { target: 'link', forMs: [500, 4_000], meaning: 'connections are reset and refused' },
  'link.stall': { target: 'link', forMs: [1_000, 8_000], meaning: 'nothing is forwarded, then all of it' },
  'link.half-open': {
    target: 'link',
    forMs: [1_000, 8_000],
    meaning: 'nothing is forwarded any more on these connections, and neither side is told',
  },
  'link.delay': { target: 'link', forMs: [2_000, 8_000], size: [5, 150], meaning: 'everything is late' },
  'postgres.stop': { target: 'postgres', forMs: [500, 4_000], meaning: 'a fast shutdown, then a start' },
  'postgres.crash': { target: 'postgres', meaning: 'an immediate shutdown; started again with recovery' },
  'postgres.backend': { target: 'postgres', meaning: 'SIGKILL of one backend, which restarts all of them' },
  'postgres.freeze': {
    target: 'postgres',
    forMs: [1_000, 6_000],
    meaning: 'SIGSTOP of all of it, then SIGCONT',
  },
  'postgres.lock': {
    target: 'postgres',
    forMs: [1_000, 5_000],
    meaning: 'a foreign transaction locks tasks',
  },
  'disk.full': { target: 'postgres', forMs: [1_000, 4_000], meaning: 'the disk of PostgreSQL is full' },
  'schedule.back': { target: 'schedule', meaning: 'recurring tasks become due again for past due times' },
} as const satisfies Record<string, FaultKind>;

/** The name of a kind of fault. */
export type FaultName = keyof typeof FAULT_KINDS;

/** Every name of a kind, in the order of the table. */
export const FAULT_NAMES = Object.keys(FAULT_KINDS) as FaultName[];

/** The kind with this name. */
export function kindOf(name: FaultName): FaultKind {
  return FAULT_KINDS[name];
}
