import type { ServiceContext } from '../service-context.js';

/** What sending reviews to the reviewer needs. */
export interface ReviewContext
  extends Pick<ServiceContext, 'database' | 'settings' | 'instrument' | 'gateways'> {
  /** This process, as the owner of the calls that it makes. */
  readonly dispatcher: string;
}
