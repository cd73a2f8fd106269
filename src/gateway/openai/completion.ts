import type OpenAI from 'openai';
import { Stream } from 'openai/core/streaming';
import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { createTextHead } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';

const text = z.union([
  z.string(),
  // Some endpoints answer in parts. Parts that are not text have no `text`.
  z
    .array(z.object({ text: z.string().optional() }))
    .transform((parts) => parts.map((part) => part.text ?? '').join('')),
]);

const message = z.object({ content: text.nullish(), refusal: z.string().nullish() });

const completion = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        index: z.number().default(0),
        delta: message.nullish(),
        message: message.nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z
    .object({
      prompt_tokens: z.number(),
      completion_tokens: z.number(),
      cost: z.number().nullish().catch(null),
    })
    .nullish()
    .catch(null),
});

/**
 * Reads the answer to a request for a stream. An endpoint without streams answers in one piece, which is accepted too. Reading
 * stops at the maximum length of an answer, so that no tokens are paid for that would be discarded.
 *
 * @throws the error that broke the stream.
 */
export async function readCompletion(response: Response, client: OpenAI): Promise<GatewayAnswer> {
  const reading = createReading();
  for await (const part of partsOf(response, client)) {
    const parsed = completion.safeParse(part);
    if (!parsed.success) return notUnderstood();
    if (!reading.take(parsed.data)) break;
  }
  return reading.answer();
}

async function* partsOf(response: Response, client: OpenAI): AsyncGenerator<unknown> {
  if (/^text\/event-stream/i.test(response.headers.get('content-type') ?? '')) {
    yield* Stream.fromSSEResponse<unknown>(response, new AbortController(), client);
    return;
  }
  const whole = await response.text();
  try {
    yield JSON.parse(whole);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    yield undefined;
  }
}

function notUnderstood(): GatewayAnswer {
  return {
    outcome: 'FAILED',
    error: 'The answer is not in the format of OpenAI chat completions.',
    permanent: false,
  };
}

interface Reading {
  /** Adds the next part. Returns whether to read on. */
  take(part: z.output<typeof completion>): boolean;
  answer(): GatewayAnswer;
}

function createReading(): Reading {
  const head = createTextHead();
  let refusal = '';
  let isFinished = false;
  let usage: TokenUsage | null = null;
  let model: string | null = null;
  return {
    take(part) {
      model = part.model ?? model;
      usage = part.usage ? toUsage(part.usage) : usage;
      const choice = part.choices.find(({ index }) => index === 0);
      // Parts after the end, such as a part that is sent twice, are ignored.
      if (choice === undefined || isFinished) return true;
      isFinished = typeof choice.finish_reason === 'string';
      const said = choice.delta ?? choice.message;
      refusal += said?.refusal ?? '';
      const hasRoom = head.push(said?.content ?? '');
      isFinished ||= !hasRoom;
      return hasRoom;
    },
    answer() {
      if (refusal !== '')
        return { outcome: 'FAILED', error: `The model refused: ${refusal}`, permanent: false };
      if (!isFinished)
        return { outcome: 'FAILED', error: 'The answer ended before it was complete.', permanent: false };
      return { outcome: 'ANSWERED', text: head.text(), usage, model };
    },
  };
}

function toUsage(usage: NonNullable<z.output<typeof completion>['usage']>): TokenUsage {
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    costUsd: usage.cost ?? null,
  };
}
