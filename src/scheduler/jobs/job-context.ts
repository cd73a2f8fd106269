import type { ServiceContext } from '../../services/service-context.js';

/** What jobs need of the services. */
export type JobContext = Pick<ServiceContext, 'database' | 'settings'>;
