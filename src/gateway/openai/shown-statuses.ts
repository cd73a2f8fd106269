import type { Dispatcher } from 'undici';

/** Redirects that make a GET without a body of a POST. 307 and 308 repeat the POST, so they are followed. */
const LOSES_POST = new Set([301, 302, 303]);

const PROXY_REFUSES = 407;

/** Added to a status while it passes through `fetch`. No status is as large. */
const OFFSET = 600;

/**
 * Shows statuses that `fetch` does not show: it answers 407 with an error that has no words, and follows a redirect with a
 * GET where a POST was sent, so that a wrong address looks like a wrong request.
 */
export const showStatuses: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, text) {
      const isHidden = status === PROXY_REFUSES || (options.method === 'POST' && LOSES_POST.has(status));
      handler.onResponseStart?.(controller, isHidden ? status + OFFSET : status, headers, text);
    },
    onResponseData: (controller, piece) => handler.onResponseData?.(controller, piece),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  });

/** The status as the server sent it. */
export function shownStatus(status: number): number {
  return status > OFFSET ? status - OFFSET : status;
}
