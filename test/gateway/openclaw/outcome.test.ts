import { describe, expect, it } from 'vitest';
import type { ResponseFrame } from '../../../src/gateway/openclaw/frames.js';
import { parseFrame } from '../../../src/gateway/openclaw/frames.js';
import { readAgentAnswer, readWaitAnswer } from '../../../src/gateway/openclaw/outcome.js';

/** Frames of a real gateway (2026.9.6), without the fields that are not read. */
function frame(body: object): ResponseFrame {
  const parsed = parseFrame(JSON.stringify({ type: 'res', id: 'r1', ...body }));
  if (parsed?.type !== 'res') throw new Error('no frame');
  return parsed;
}

const read = (body: object, isAccepted = true) => {
  const run = readAgentAnswer(frame(body), isAccepted);
  return run.state === 'ended' ? run.answer : run.state;
};

describe('the outcome of an OpenClaw run', () => {
  it('is an answer with its usage and cost', () => {
    const usage = {
      input: 9670,
      output: 10,
      cacheRead: 0,
      cacheWrite: 0,
      total: 9680,
      cost: { total: 0.00969 },
    };
    const agentMeta = { provider: 'stub', model: 'smart', usage, costUsd: 0.00969 };
    const result = {
      payloads: [{ text: 'RESOLUTION: done', mediaUrl: null }],
      meta: { durationMs: 1510, agentMeta },
    };
    expect(read({ ok: true, payload: { runId: 'fx', status: 'ok', summary: 'completed', result } })).toEqual({
      outcome: 'ANSWERED',
      text: 'RESOLUTION: done',
      model: 'stub/smart',
      usage: { inputTokens: 9670, outputTokens: 10, costUsd: 0.00969 },
    });
  });

  it('joins several parts into one text', () => {
    const payloads = [{ text: 'First.' }, { text: null, mediaUrl: 'x' }, { text: 'Second.' }];
    expect(read({ ok: true, payload: { status: 'ok', result: { payloads, meta: {} } } })).toMatchObject({
      text: 'First.\n\nSecond.',
    });
  });

  it('is open after the acknowledgement alone', () => {
    const payload = { runId: 'fx', sessionKey: 'agent:scout:task:fx', agentId: 'scout', acceptedAt: 1 };
    expect(read({ ok: true, payload: { ...payload, status: 'accepted' } }, false)).toBe('accepted');
    expect(read({ ok: true, payload: { ...payload, status: 'in_flight' } }, false)).toBe('in_flight');
  });

  it('is a timeout in an `ok` frame, with the text as the error', () => {
    const payloads = [{ text: 'Request timed out before a response was generated.', isError: true }];
    const result = { payloads, meta: { aborted: true, error: { kind: 'incomplete_turn' } } };
    expect(
      read({
        ok: true,
        payload: { status: 'timeout', summary: 'aborted', timeoutPhase: 'provider', result },
      }),
    ).toEqual({ outcome: 'TIMED_OUT', error: `OpenClaw: ${payloads[0]?.text}` });
  });

  it('is a failure in an `ok` frame if a part or the turn has an error', () => {
    const failure = { outcome: 'FAILED', permanent: false };
    const part = { payloads: [{ text: 'No.', isError: true }], meta: {} };
    expect(read({ ok: true, payload: { status: 'ok', result: part } })).toMatchObject({
      ...failure,
      error: 'OpenClaw: No.',
    });
    expect(read({ ok: true, payload: { status: 'error', summary: 'failed', result: part } })).toMatchObject(
      failure,
    );
    const turn = { payloads: [{ text: 'Half.' }], meta: { error: { kind: 'x', message: 'It broke.' } } };
    expect(read({ ok: true, payload: { status: 'ok', result: turn } })).toMatchObject({
      ...failure,
      error: 'OpenClaw: It broke.',
    });
    expect(read({ ok: true, payload: { status: 'something new' } })).toMatchObject(failure);
    expect(read({ ok: true, payload: {} })).toMatchObject(failure);
  });

  it('is a permanent failure if the request itself was refused', () => {
    const refuse = (error: object) => read({ ok: false, error }, false);
    expect(
      refuse({ code: 'INVALID_REQUEST', message: 'invalid agent params: unknown agent id "ghost"' }),
    ).toEqual({
      outcome: 'FAILED',
      permanent: true,
      error: 'OpenClaw: invalid agent params: unknown agent id "ghost"',
    });
    expect(
      refuse({
        code: 'FORBIDDEN',
        message: 'missing scope: operator.write',
        details: { code: 'MISSING_SCOPE' },
      }),
    ).toMatchObject({ permanent: true });
    expect(refuse({ code: 'UNAVAILABLE', message: 'ownership ended' })).toMatchObject({
      outcome: 'FAILED',
      permanent: false,
    });
    expect(
      refuse({ code: 'UNAVAILABLE', message: 'restarting', retryable: true, retryAfterMs: 500 }),
    ).toEqual({
      outcome: 'NOT_BEGUN',
      error: 'OpenClaw: restarting',
      retryAfterMs: 500,
    });
  });

  it('is a failure to retry if the provider failed after the acknowledgement', () => {
    const message = 'LLM request failed: provider rejected the request schema or tool payload.';
    const payload = { runId: 'fx', status: 'error', summary: message };
    expect(read({ ok: false, payload, error: { code: 'UNAVAILABLE', message } })).toEqual({
      outcome: 'FAILED',
      permanent: false,
      error: `OpenClaw: ${message}`,
    });
  });

  it('is returned by `agent.wait` too, except for an active or unknown run', () => {
    const wait = (payload: object) =>
      readWaitAnswer(frame({ ok: true, payload: { runId: 'fx', ...payload } }));
    expect(wait({ status: 'timeout' })).toBeNull();
    expect(wait({ status: 'timeout', endedAt: 1_795_331_619_050, timeoutPhase: 'provider' })).toMatchObject({
      outcome: 'TIMED_OUT',
    });
    expect(wait({ status: 'error', endedAt: 1_795_331_623_612, stopReason: 'rpc' })).toMatchObject({
      outcome: 'FAILED',
      error: expect.stringContaining('cancelled'),
    });
    expect(wait({ status: 'error', endedAt: 1, error: 'It broke.' })).toMatchObject({
      error: 'OpenClaw: It broke.',
    });
    expect(
      wait({
        status: 'ok',
        endedAt: 1,
        stopReason: 'stop',
        terminalReply: { disposition: 'visible', text: 'Done.' },
      }),
    ).toEqual({ outcome: 'ANSWERED', text: 'Done.', usage: null, model: null });
    expect(wait({ status: 'ok', terminalReply: { disposition: 'silent' } })).toMatchObject({ text: '' });
  });

  const ended = (meta: object, more: object = {}) =>
    read({
      ok: true,
      payload: {
        status: 'ok',
        summary: 'completed',
        result: { payloads: [{ text: 'Half.' }], meta },
        ...more,
      },
    });

  it.each(['length', 'max_tokens'])('is a failure that keeps the text where %s cut it off', (stopReason) => {
    const failure = { outcome: 'FAILED', permanent: false, output: 'Half.' };
    expect(ended({ stopReason })).toMatchObject({ ...failure, error: expect.stringContaining('cut off') });
    expect(ended({}, { stopReason })).toMatchObject(failure);
    const waited = readWaitAnswer(
      frame({
        ok: true,
        payload: { status: 'ok', endedAt: 1, stopReason, terminalReply: { text: 'Half.' } },
      }),
    );
    expect(waited).toMatchObject(failure);
  });

  it('is a failure where the run was aborted', () => {
    expect(ended({ aborted: true, stopReason: 'stop' })).toMatchObject({
      outcome: 'FAILED',
      error: 'OpenClaw: the run was aborted',
      output: 'Half.',
    });
  });

  it('is an answer with warnings if a tool failed but the answer is good', () => {
    const payloads = [{ text: 'exec failed', isError: true }, { text: 'Done all the same.' }];
    expect(read({ ok: true, payload: { status: 'ok', result: { payloads, meta: {} } } })).toMatchObject({
      outcome: 'ANSWERED',
      text: 'Done all the same.',
      warnings: 'OpenClaw: exec failed',
    });
  });

  it('is a limit where the provider says when to ask again', () => {
    const error = { code: 'UNAVAILABLE', message: 'rate limited', retryAfterMs: 60_000 };
    expect(read({ ok: false, error })).toEqual({
      outcome: 'LIMITED',
      error: 'OpenClaw: rate limited',
      retryAfterMs: 60_000,
    });
  });
});
