import type { CreateWebhookInput, WebhookFormat } from '../../../sdk/index.js';
import { session } from '../../data/session.js';
import { Form } from '../../parts/form.js';
import { Choice, Field, Line } from '../../parts/form-fields.js';
import { textOf, wordsOf } from '../../parts/form-values.js';

/** Creates a webhook. Its secret is handed over once. */
export function WebhookForm({ onCreated }: { readonly onCreated: (secret: string) => void }) {
  const create = async (fields: FormData, form: HTMLFormElement) => {
    const answer = await session.value?.client.createWebhook(inputOf(fields));
    form.reset();
    onCreated(answer?.secret ?? '');
  };
  return (
    <Form class="webhook-form" label="Create a webhook" does="Create the webhook" onSubmit={create}>
      <div class="form-row">
        <Field title="Address">
          <input type="url" name="url" required autocomplete="off" placeholder="https://example.com/hooks" />
        </Field>
        <Line name="types" title="Types of events" placeholder="all, or task.failed, review" />
        <Choice name="format" title="Format" values={['STANDARD', 'SLACK']} chosen="STANDARD" />
      </div>
      <details>
        <summary class="quiet">The body as a GraphQL document</summary>
        <textarea
          name="document"
          rows={4}
          class="mono"
          aria-label="The body as a GraphQL document"
          placeholder="subscription { events { type at } }"
        />
      </details>
    </Form>
  );
}

function inputOf(fields: FormData): CreateWebhookInput {
  const types = wordsOf(textOf(fields, 'types'));
  const document = textOf(fields, 'document');
  return {
    url: textOf(fields, 'url'),
    format: textOf(fields, 'format') as WebhookFormat,
    ...(types.length > 0 ? { filter: { types } } : {}),
    ...(document === '' ? {} : { document }),
  };
}
