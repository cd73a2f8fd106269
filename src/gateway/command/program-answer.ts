import { describeDuration } from '../../kernel/durations.js';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer, PartialWork } from '../gateway.js';
import type { CallEnd } from '../open-calls.js';
import type { AgentReport } from './agent-report.js';
import type { ProgramEnd } from './program.js';

/** A program that exits with this code asks people a question: its output is the question, and its work is not done. */
const ASK_EXIT_CODE = 42;

/** Turns the end of a program into an outcome. If it did not succeed, its output is kept. */
export function toAnswer(
  program: ProgramEnd,
  report: AgentReport | null,
  { end, timeoutMs }: { readonly end: CallEnd; readonly timeoutMs: number },
): GatewayAnswer {
  const work: PartialWork = { output: report?.text || program.output, usage: report?.usage ?? null };
  const kept = work.output === '' ? {} : work;
  if (end.isTimedOut()) {
    const error = withStreams(`The program took longer than ${describeDuration(timeoutMs)}.`, program);
    return { outcome: 'TIMED_OUT', error, ...kept };
  }
  if (end.isAborted()) return { outcome: 'ABORTED', ...kept };
  const asks = program.code === ASK_EXIT_CODE && report?.error == null;
  const error = asks ? null : errorOf(program, report);
  if (error !== null) return { outcome: 'FAILED', error, permanent: false, ...kept };
  const { text, usage, model } = report ?? { text: program.output, usage: null, model: null };
  return { outcome: 'ANSWERED', text, usage, model, ...(asks ? { asks } : {}) };
}

/** Null for a program that succeeded. */
function errorOf(program: ProgramEnd, report: AgentReport | null): string | null {
  const how = program.signal === null ? `exited with code ${program.code}` : `was ended by ${program.signal}`;
  if (report !== null && report.error !== null) return cutError(`The program ${how}. ${report.error}`);
  return program.code === 0 ? null : withStreams(`The program ${how}.`, program);
}

/** Many programs say why they fail on standard output, so both streams are shown. */
function withStreams(sentence: string, { errorEnds, outputEnds }: ProgramEnd): string {
  if (errorEnds === '' || outputEnds === '') return cutError(`${sentence} ${errorEnds}${outputEnds}`);
  return cutError(`${sentence} ${errorEnds}\n\nStandard output: ${outputEnds}`);
}
