import { Refusal, Refusals } from '../../../src/domain/refusals.js';

/** The refusals of the work. Success or any other error fails the test. */
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

/** The only refusal of the work. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const refusals = await refusalsOf(work);
  if (refusals.length !== 1 || refusals[0] === undefined) {
    throw new Error(`refused ${refusals.length} times: ${refusals.map((each) => each.message).join(' ')}`);
  }
  return refusals[0];
}

/** The code and path of every refusal, such as `INVALID title` or `NOT_FOUND runId`. */
export async function namedRefusalsOf(work: Promise<unknown>): Promise<string[]> {
  const refusals = await refusalsOf(work);
  return refusals.map(({ code, path }) => [code, path?.join('.')].join(' ').trim());
}
