import type { Feed } from './feed/hub.js';
import type { Scheduler } from './scheduler/scheduler.js';
import { CONCERNS_CALLS, type Dispatcher } from './services/dispatch/dispatcher.js';
import type { Authenticator } from './services/keys/authenticator.js';
import { ENDS_ROUND, type ReviewDispatcher } from './services/reviews/review-dispatcher.js';
import { MAKES_REVIEWS, MAKES_WORK, wakeClaims } from './services/runs/wake-claims.js';
import type { ServiceContext } from './services/service-context.js';

/** The parts of a process that react to events of the log. */
export interface Listeners {
  readonly authenticator: Authenticator;
  readonly dispatcher: Dispatcher;
  readonly services: ServiceContext;
  readonly scheduler: Scheduler;
  readonly reviewDispatcher: ReviewDispatcher;
}

/** Passes the events of the log to the parts that react to them. */
export function listenToFeed(
  { onEntries }: Pick<Feed, 'onEntries'>,
  { services, authenticator, scheduler, dispatcher, reviewDispatcher }: Listeners,
): void {
  onEntries(MAKES_WORK, (entries) => wakeClaims(services.claimWaiters, entries));
  onEntries(MAKES_REVIEWS, () => services.reviewWaiters.wakeAll());
  onEntries(['key.revoked'], authenticator.notice);
  onEntries(CONCERNS_CALLS, dispatcher.notice);
  onEntries(scheduler.wakingTypes, scheduler.notice);
  onEntries(ENDS_ROUND, reviewDispatcher.notice);
}
