export type * from '../generated/operations.js';
export { type CallOptions, type Client, type ClientOptions, createClient } from './client.js';
export * from './errors/base.js';
export * from './errors/refusals.js';
export * from './errors/request-errors.js';
export type { RetryPolicy } from './http/retry.js';
export { type Page, Pages } from './operations/pages.js';
export { VERSION } from './version.js';
