import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { createTextHead, cutError } from '../answer-text.js';
import { explainFinish, readFinishReason } from '../finish-reason.js';
import type { GatewayAnswer, PartialWork } from '../gateway.js';
import { type AnswerPart, readParts } from './answer-parts.js';
import { type ReportedError, readReportedError } from './error-body.js';
import { explainHttpFailure, explainReportedError } from './http-failure.js';

const text = z.union([
  z.string(),
  // Some endpoints answer in parts. Parts that are not text have no `text`.
  z
    .array(z.object({ text: z.string().nullish() }))
    .transform((parts) => parts.map((part) => part.text ?? '').join('')),
]);

const message = z.object({
  content: text.nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish().catch(null),
});

const completion = z.object({
  model: z.string().nullish().catch(null),
  choices: z
    .array(
      z.object({
        index: z.number().nullish().catch(null),
        delta: message.nullish(),
        message: message.nullish(),
        finish_reason: z.string().nullish().catch(null),
      }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: z.number(),
      completion_tokens: z.number(),
      cost: z.number().nullish().catch(null),
    })
    .nullish()
    .catch(null),
});

type Chunk = z.output<typeof completion>;

/**
 * Reads the answer to a request for a stream. An endpoint without streams answers in one piece, which is accepted too. Reading
 * stops at the maximum length of an answer, so that no tokens are paid for that would be discarded. An answer that is not
 * complete is a failure that says why, and its text is kept. Never rejects.
 */
export async function readCompletion(response: Response, secret?: string): Promise<GatewayAnswer> {
  const reading = createReading(secret);
  try {
    for await (const part of readParts(response)) if (!reading.take(part)) break;
  } catch (error) {
    return reading.broken(explainHttpFailure(error, secret));
  }
  return reading.answer();
}

interface Reading {
  /** Adds the next part. Returns whether to read on. */
  take(part: AnswerPart): boolean;
  answer(): GatewayAnswer;
  /** The answer after the connection broke: complete, or the failure with what had come before. */
  broken(failure: GatewayAnswer): GatewayAnswer;
}

/** What the parts so far say. */
interface State {
  hasText: boolean;
  isFull: boolean;
  refusal: string;
  /** The last thing that the model said is a call of a tool. */
  asksForTools: boolean;
  finishReason: string | null;
  /** The stream or the whole answer ended as it should. */
  isDone: boolean;
  error: ReportedError | null;
  isGarbled: boolean;
  usage: TokenUsage | null;
  model: string | null;
}

function createReading(secret: string | undefined): Reading {
  const head = createTextHead();
  let index: number | null | undefined;
  const state: State = {
    hasText: false,
    isFull: false,
    refusal: '',
    asksForTools: false,
    finishReason: null,
    isDone: false,
    error: null,
    isGarbled: false,
    usage: null,
    model: null,
  };
  /** The end was reached; later parts, such as one that is sent twice, are ignored. */
  let isOver = false;

  function takeChoice({ choices }: Chunk): boolean {
    index ??= choices?.[0]?.index;
    const choice = choices?.find((each) => (each.index ?? index) === index);
    if (choice === undefined || isOver) return true;
    const said = choice.delta ?? choice.message;
    const content = said?.content ?? '';
    state.refusal += said?.refusal ?? '';
    const asksForTools = (said?.tool_calls?.length ?? 0) > 0;
    // Text that comes after a call is an answer: the endpoint has run the tool itself.
    state.asksForTools = asksForTools || (state.asksForTools && content.trim() === '');
    state.hasText ||= content !== '';
    const hasRoom = head.push(content);
    const finish = readFinishReason(choice.finish_reason);
    if (finish !== null) state.finishReason = choice.finish_reason ?? null;
    // Some endpoints send "stop" with each piece of text or of reasoning: the end is a chunk without text after some text.
    isOver = finish !== null && content === '' && state.hasText;
    return hasRoom;
  }

  return {
    take(part) {
      if (part.part === 'done') {
        state.isDone = true;
        return false;
      }
      const error = readReportedError(part.value);
      const parsed = completion.safeParse(part.value);
      if (error !== null && !isOver) state.error = error;
      else if (!parsed.success || (part.part === 'whole' && !parsed.data.choices)) state.isGarbled = !isOver;
      if (!parsed.success) return false;
      state.isDone = part.part === 'whole';
      state.model = parsed.data.model || state.model;
      state.usage = parsed.data.usage ? toUsage(parsed.data.usage) : state.usage;
      state.isFull = !takeChoice(parsed.data);
      return !state.isFull && state.error === null;
    },
    answer: () => judge(state, head.text(), secret),
    broken(failure) {
      if (isOver) return judge(state, head.text(), secret);
      return failure.outcome === 'FAILED'
        ? { ...failure, ...partialWork(head.text(), state.usage) }
        : failure;
    },
  };
}

function judge(state: State, output: string, secret: string | undefined): GatewayAnswer {
  const { usage, model, finishReason } = state;
  const fail = (error: string): GatewayAnswer => ({
    outcome: 'FAILED',
    error: cutError(error, secret),
    permanent: false,
    ...partialWork(output, usage),
  });
  if (state.error !== null) {
    const answer = explainReportedError(state.error, secret);
    return output === '' ? answer : fail(state.error.message);
  }
  if (state.isGarbled) return fail('The answer is not in the format of OpenAI chat completions.');
  if (state.refusal !== '') return fail(`The model refused: ${state.refusal}`);
  if (state.isFull) return { outcome: 'ANSWERED', text: output, usage, model };
  const finish = readFinishReason(finishReason) ?? (state.isDone ? 'COMPLETE' : null);
  if (finish === null) return fail('The answer ended before it was complete.');
  if (finish !== 'COMPLETE') return fail(explainFinish(finish, finishReason ?? ''));
  if (state.asksForTools) return fail(explainFinish('TOOLS', finishReason ?? ''));
  return { outcome: 'ANSWERED', text: output, usage, model };
}

function partialWork(output: string, usage: TokenUsage | null): PartialWork {
  return output === '' ? {} : { output, usage };
}

function toUsage(usage: NonNullable<Chunk['usage']>): TokenUsage {
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    costUsd: usage.cost ?? null,
  };
}
