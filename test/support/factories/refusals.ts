import { Refusal, Refusals } from '../../../src/domain/refusals.js';

/** What the work is refused with. That it succeeds, or ends with a fault of ours, is an error of the test. */
async function refusalsOf(work: Promise<unknown>): Promise<readonly Refusal[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refusals) return error.refusals;
    if (error instanceof Refusal) return [error];
    throw error;
  }
  throw new Error('it was not refused');
}

/** The one refusal that the work ends with. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const refusals = await refusalsOf(work);
  if (refusals.length !== 1 || refusals[0] === undefined) {
    throw new Error(`refused ${refusals.length} times: ${refusals.map((each) => each.message).join(' ')}`);
  }
  return refusals[0];
}

/** `INVALID title`, `NOT_FOUND runId`: code and path of every refusal, in order. */
export async function namedRefusalsOf(work: Promise<unknown>): Promise<string[]> {
  const refusals = await refusalsOf(work);
  return refusals.map(({ code, path }) => [code, path?.join('.')].join(' ').trim());
}
