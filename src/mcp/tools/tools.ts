import type { Tool } from '../tool.js';
import { eventTools } from './events.js';
import { queueTools } from './queue.js';
import { reviewTools } from './reviews.js';
import { taskTools } from './tasks.js';
import { workTools } from './work.js';

/** The tools of the MCP server, in the order of their list. */
export const tools: readonly Tool[] = [
  ...workTools,
  ...taskTools,
  ...reviewTools,
  ...queueTools,
  ...eventTools,
];
