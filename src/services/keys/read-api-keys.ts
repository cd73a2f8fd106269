import type { ListReader } from '../../domain/list-reader.js';
import { sql } from '../../postgres/sql-text.js';
import type { ApiKeyRow } from '../../store/keys/api-keys.js';
import { openList } from '../../store/lists/list-reader.js';
import { shapeOf } from '../../store/lists/row-shape.js';
import type { ServiceContext } from '../service-context.js';

/** All API keys, oldest first. */
export function openApiKeys({ database }: Pick<ServiceContext, 'database'>): ListReader<ApiKeyRow> {
  return openList(database.pool, {
    from: 'api_keys t',
    shape: shapeOf('ApiKey', '*'),
    where: sql`true`,
    order: {
      tag: 'key',
      descending: false,
      keys: [
        { sql: 't.created_at', kind: 'instant', of: (key) => key.createdAt },
        { sql: 't.id', kind: 'text', of: (key) => key.id },
      ],
    },
  });
}
