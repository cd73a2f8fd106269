import type { Dispatcher } from 'undici';

const PROXY_REFUSES = 407;

/** Added to a status while it passes through `fetch`. No status is as large. */
const OFFSET = 600;

/** Shows a status that `fetch` does not show: it answers 407 with an error that has no words. */
export const showStatuses: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, text) {
      const shown = status === PROXY_REFUSES ? status + OFFSET : status;
      handler.onResponseStart?.(controller, shown, headers, text);
    },
    onResponseData: (controller, piece) => handler.onResponseData?.(controller, piece),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  });

/** The status as the server sent it. */
export function shownStatus(status: number): number {
  return status > OFFSET ? status - OFFSET : status;
}
