import { ZodError } from 'zod';
import {
  ConnectionError,
  ForbiddenError,
  MissionControlError,
  NotPermittedError,
  RefusedError,
  RequestError,
  TimeoutError,
  UnauthenticatedError,
} from '../sdk/index.js';
import { describeZod } from '../verbs/zod-text.js';

/** The text of a failed call: what is wrong, and what to do next. */
export function toolErrorText(error: unknown): string {
  if (error instanceof ZodError)
    return `Wrong arguments: ${describeZod(error)}. Correct them and call the tool again.`;
  if (!(error instanceof MissionControlError)) return UNEXPECTED;
  return `${error.code}: ${error.message} ${adviceFor(error)}`.trimEnd();
}

const UNEXPECTED =
  'The tool has failed unexpectedly. Call it once more, and if it fails again tell a person.';

const ADVICE: Readonly<Record<string, string>> = {
  LEASE_LOST: 'Stop working on this task, and call claim_next_task.',
  NOT_FOUND:
    'Find the right ref with list_tasks or search_tasks, and a run of yours with claim_next_task and resume.',
  UNKNOWN_AGENT: 'Find the right name with list_agents.',
  RATE_LIMITED: 'Wait, then call the tool again.',
};

function adviceFor(error: MissionControlError): string {
  const advice = ADVICE[error.code];
  if (advice !== undefined) return advice;
  if (error instanceof NotPermittedError || error instanceof ForbiddenError)
    return 'The role of the API key does not allow it: use another tool, or ask a person for another key.';
  if (error instanceof UnauthenticatedError) return 'Ask a person for a valid API key.';
  if (error instanceof ConnectionError || error instanceof TimeoutError)
    return 'The outcome may be unknown: read the task with get_task before you repeat a change.';
  if (error instanceof RefusedError) return '';
  if (error instanceof RequestError) return 'Correct the arguments and call the tool again.';
  return '';
}
