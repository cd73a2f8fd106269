import type { Dispatcher } from '../../services/dispatch/dispatcher.js';
import type { ReviewDispatcher } from '../../services/reviews/review-dispatcher.js';
import type { ServiceContext } from '../../services/service-context.js';

/** The services that jobs need. */
export interface JobContext extends Pick<ServiceContext, 'database' | 'settings'> {
  readonly dispatcher: Dispatcher;
  readonly reviewDispatcher: Pick<ReviewDispatcher, 'runOnce'>;
}
