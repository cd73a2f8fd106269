export type * from '../generated/operations.js';
export { type Client, type ClientOptions, createClient } from './client.js';
export * from './errors/base.js';
export * from './errors/refusals.js';
export * from './errors/request-errors.js';
export type { CallOptions } from './http/caller.js';
export type { Fetch, HttpResponse } from './http/fetch.js';
export type { RetryPolicy } from './http/retry.js';
export type { CompleteAndClaimOutput } from './operations/complete-and-claim.js';
export { type Page, Pages } from './operations/pages.js';
export type { FollowOptions, LogEvent } from './streams/follow.js';
export type {
  CursorExpired,
  StreamConnected,
  StreamInterrupted,
  StreamNotice,
  SubscriberTooSlow,
} from './streams/notices.js';
export type { WebSocketClass } from './streams/socket.js';
export { VERSION } from './version.js';
export { type Answered, type Ask, RunSuspendedError } from './worker/asking.js';
export { CapacityTakenError } from './worker/capacity.js';
export { HandlerStillRunningError } from './worker/handling.js';
export { RunGivenBackError, RunLostError } from './worker/lease.js';
export type { ClaimedTask, Handler, StopOptions, Worker, WorkerOptions } from './worker/options.js';
export { createReviewer, type Judgement, type ReviewerOptions, type ReviewRound } from './worker/reviewer.js';
export { NonRetryableError, type Run } from './worker/run.js';
export { createWorker } from './worker/worker.js';
