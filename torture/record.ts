/** A write that a server has acknowledged, and that must therefore be stored. */
export interface Acknowledged {
  readonly kind: AcknowledgedKind;
  /** The id of what was written: a task, a run, a comment and so on. */
  readonly id: string;
  /** What the judge compares, by kind: the agent of a run, the text of a progress, the version of a task. */
  readonly value?: string | number;
}

/** What was acknowledged. */
export type AcknowledgedKind =
  | 'agent'
  | 'task'
  | 'task.updated'
  | 'task.cancelled'
  | 'dependency.added'
  | 'comment'
  | 'run.claimed'
  | 'run.progress'
  | 'run.completed'
  | 'run.failed'
  | 'run.released'
  | 'verdict'
  | 'key'
  | 'key.revoked'
  | 'pipeline-run'
  | 'recurring';

/** One event as a subscriber has received it. */
export interface SeenEvent {
  /** The position that its cursor names. */
  readonly position: number;
  readonly type: string;
}

/** What one subscriber has received, over all its connections. */
export interface StreamRecord {
  readonly name: string;
  readonly transport: 'websocket' | 'sse' | 'plain';
  /** Whether it may see the events of keys. */
  readonly isAdmin: boolean;
  /** The words of its filter; null for all types. */
  readonly types: readonly string[] | null;
  /** The position after which it begins. */
  after: number | null;
  /** The position up to which it has to have everything; null while it goes on. */
  until: number | null;
  readonly seen: SeenEvent[];
  connections: number;
  /** What must not happen to a stream. */
  readonly complaints: string[];
}

/** Everything that the clients of a run have seen, for the judge. */
export interface RunRecord {
  readonly acknowledged: Acknowledged[];
  readonly streams: StreamRecord[];
  /** Answers that no client should get, such as a masked fault, or that break a promise. */
  readonly complaints: string[];
  /** How often each answer came, by its code. */
  readonly answers: Record<string, number>;
}

/** A record of a run that has not begun. */
export function createRecord(): RunRecord {
  return { acknowledged: [], streams: [], complaints: [], answers: {} };
}
