import { text } from '../../verbs/fields.js';
import type { ToolOutput } from '../output.js';
import type { ToolSession } from '../tool.js';

/** The run of a tool: agents name it, and an operator cannot name the task instead. */
export const run = text('run.id of the claim.');

/** The run of a call has ended: its lease is not renewed any more. */
export function forgetRun({ held }: ToolSession, { run: id }: ToolOutput): void {
  if (typeof id === 'string') held.forget(id);
}
