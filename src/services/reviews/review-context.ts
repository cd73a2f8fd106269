import type { ServiceContext } from '../service-context.js';

/** The context for sending rounds to the reviewer. */
export interface ReviewContext
  extends Pick<ServiceContext, 'database' | 'settings' | 'instrument' | 'gateways'> {
  /** The id of this process as the owner of its calls. */
  readonly dispatcher: string;
}
