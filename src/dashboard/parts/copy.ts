import { notify } from '../frame/notices.js';

/** Copies a text and says so. Browsers refuse it on pages without TLS, so the text is shown then. */
export async function copyText(text: string, name = text): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(`Copied ${name}`);
  } catch {
    notify(`The browser does not allow the page to copy. The text is: ${text}`, 'bad');
  }
}
