import { sql } from '../../postgres/sql-text.js';
import type { List } from '../lists/keyset.js';
import { shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import type { ApiKeyRow } from './api-keys.js';

/** All API keys including revoked ones, oldest first. */
export const API_KEYS: List<ApiKeyRow> = {
  from: 'api_keys t',
  shape: shapeOf('ApiKey', '*'),
  where: sql`true`,
  order: { tag: 'key', descending: false, keys: [CREATED, ID] },
};
