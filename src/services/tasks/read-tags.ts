import { checkFilterText } from '../../domain/tasks/task-filter.js';
import { listTags } from '../../store/tasks/task-tags.js';
import type { ServiceContext } from '../service-context.js';

/** The most tags of one answer. */
const MAX_TAGS = 100;

/**
 * The tags that begin with the prefix.
 * @throws {InvalidList} for a prefix that is too long.
 */
export function findTags({ database }: Pick<ServiceContext, 'database'>, prefix: string): Promise<string[]> {
  checkFilterText(prefix);
  return listTags(database.readPool, prefix, MAX_TAGS);
}
