import { type BatchQueue, type BatchQueueOptions, createBatchQueue } from '../postgres/batch-queue.js';
import type { Database } from '../postgres/database.js';
import { isStatementError } from '../postgres/outage.js';
import { noteCommit } from '../postgres/transaction.js';
import { columnsForAll } from '../store/lists/row-shape.js';
import { claimReviews } from '../store/reviews/claim-reviews.js';
import { submitVerdicts } from '../store/reviews/submit-verdicts.js';
import { claimColumnsForAll, listEventsOfClaim } from '../store/runs/claim-tasks.js';
import { type EndRunCall, endRuns, listEventsOfEnd } from '../store/runs/end-runs.js';
import { endRunsAndClaim } from '../store/runs/end-runs-and-claim.js';
import { beat } from '../store/runs/heartbeats.js';
import { updateRuns } from '../store/runs/update-runs.js';
import { addComments } from '../store/tasks/add-comments.js';
import { createTasks } from '../store/tasks/create-tasks.js';
import { toPresenceRules } from './presence-rules.js';
import type { Batches, ServiceContext } from './service-context.js';

export type BatchesContext = Pick<ServiceContext, 'database' | 'instrument' | 'settings' | 'gateways'>;

/** Creates the queues of this process. */
export function createBatches(context: BatchesContext): Batches {
  const { database } = context;
  const queues = {
    creations: createCreations(database),
    heartbeats: createHeartbeats(database),
    runUpdates: createRunUpdates(database),
    comments: createComments(database),
    runEnds: createRunEnds(database),
    verdicts: createVerdicts(database),
    reviewClaims: createReviewClaims(database),
    handIns: createHandIns(context),
  };
  return {
    ...queues,
    async close() {
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}

/** A queue on the connection for claims, whose requests can also be served each by itself: that is what null means. */
function createQueue<Request, Answer>(
  database: Database,
  { serve, ...options }: Omit<BatchQueueOptions<Request, Answer | null>, 'connection' | 'answerUnsent'>,
): BatchQueue<Request, Answer | null> {
  return createBatchQueue<Request, Answer | null>({
    connection: database.claimConnection,
    // Without this connection only claims are refused.
    answerUnsent: () => null,
    serve: (executor, requests) =>
      serve(executor, requests).catch((error: unknown) => {
        noteFailure(database, error);
        throw error;
      }),
    ...options,
  });
}

function createCreations(database: Database): Batches['creations'] {
  return createQueue(database, {
    serve: (executor, calls) =>
      createTasks(executor, calls, columnsForAll(calls.map(({ columns }) => columns))),
    // One statement can't reserve a key twice, and the second call gets the task of the first.
    subjectsOf: ({ tasks }) =>
      tasks.flatMap(({ keyId, idempotencyKey: key }) => (key === null ? [] : `${keyId} ${key}`)),
    refusal: 'creates no more tasks',
  });
}

function createHeartbeats(database: Database): Batches['heartbeats'] {
  return createQueue(database, {
    serve: (executor, requests) =>
      beat(executor, requests, {
        agent: columnsForAll(requests.map(({ columns }) => columns.agent)),
        runs: columnsForAll(requests.map(({ columns }) => columns.runs)),
      }),
    subjectsOf: ({ agentId }) => [agentId],
    refusal: 'renews no more leases',
  });
}

function createRunUpdates(database: Database): Batches['runUpdates'] {
  return createQueue(database, {
    serve: (executor, requests) =>
      updateRuns(
        executor,
        requests.map(({ update }) => update),
        columnsForAll(requests.map(({ columns }) => columns)),
      ),
    subjectsOf: ({ update }) => [update.runId],
    refusal: 'takes no more reports',
  });
}

function createComments(database: Database): Batches['comments'] {
  return createQueue(database, {
    serve: addComments,
    subjectsOf: ({ keyId, idempotencyKey: key }) => (key === null ? [] : [`${keyId} ${key}`]),
    refusal: 'takes no more comments',
  });
}

function createRunEnds(database: Database): Batches['runEnds'] {
  return createQueue(database, {
    serve: endRuns,
    note(calls, ended) {
      const events = calls.flatMap((call, i) => (ended[i] ? listEventsOfEnd(call, ended[i]) : []));
      if (events.length > 0) noteCommit(database, events);
    },
    subjectsOf: subjectsOfEnd,
    refusal: 'ends no more runs',
  });
}

function createVerdicts(database: Database): Batches['verdicts'] {
  return createQueue(database, {
    serve: submitVerdicts,
    // The second verdict on a task finds that its round has ended.
    subjectsOf: ({ task, keyId, idempotencyKey: key }) => {
      const subject = 'id' in task ? task.id : `TASK-${task.number}`;
      return key === null ? [subject] : [subject, `${keyId} ${key}`];
    },
    refusal: 'takes no more verdicts',
  });
}

function createReviewClaims(database: Database): Batches['reviewClaims'] {
  return createQueue(database, {
    serve: claimReviews,
    subjectsOf: ({ agentId }) => [agentId],
    refusal: 'hands out no more reviews',
  });
}

function createHandIns(context: BatchesContext): Batches['handIns'] {
  const { database } = context;
  return createQueue(database, {
    serve(executor, handIns) {
      const columns = claimColumnsForAll(handIns.map((each) => each.columns));
      return endRunsAndClaim(executor, handIns, columns, toPresenceRules(context));
    },
    note(handIns, handedIn) {
      const events = handIns.flatMap(({ end, claim }, i) => {
        const { ended, claimed } = handedIn[i] ?? {};
        return ended && claimed ? [...listEventsOfEnd(end, ended), ...listEventsOfClaim(claim, claimed)] : [];
      });
      if (events.length > 0) noteCommit(database, events);
    },
    subjectsOf: ({ end, claim }) => [...subjectsOfEnd(end), claim.agentId],
    refusal: 'ends no more runs',
  });
}

/** The second call for a run is a repeat, and must find that the run has ended. */
function subjectsOfEnd({ runId, keyId, idempotencyKey: key }: EndRunCall): string[] {
  return key === null ? [runId] : [runId, `${keyId} ${key}`];
}

/** PostgreSQL's code for a lock that was not granted in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Each call of the statement is then served by itself, so without this line only the time that it takes would show. */
function noteFailure({ instrument }: Database, error: unknown): void {
  if (!isStatementError(error) || (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return;
  const message = 'A statement for several calls has failed, and each is served by itself';
  instrument.emit('warn', 'batch.failed', message, { error });
}
