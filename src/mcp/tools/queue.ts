import * as z from 'zod';
import { compactRecord, outputOf } from '../output.js';
import { defineVerbTool, type Tool } from '../tool.js';
import { limit, pageOf } from './pages.js';

const listAgents = defineVerbTool({
  name: 'list_agents',
  title: 'List agents',
  verb: 'agent list',
  fields: ['status', 'role', 'search', 'after'],
  otherFields: { limit },
  advice: '',
  output: outputOf({ agents: 'array', 'after?': 'string' }),
  toOutput: (answer) => pageOf('agents', answer, compactRecord),
});

const queueStatus = defineVerbTool({
  name: 'queue_status',
  title: 'State of the queue',
  verb: 'overview',
  fields: [],
  otherFields: { window: z.string().optional().describe('The period of the throughput: 1d or PT12H.') },
  advice: '',
  output: outputOf({ taskCounts: 'array', agentsOnline: 'number' }),
  toOutput: ({ data }) => ({ taskCounts: [], ...compactRecord(data) }),
});

export const queueTools: readonly Tool[] = [listAgents, queueStatus];
