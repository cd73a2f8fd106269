import { session } from '../../data/session.js';
import { readTime } from '../../frame/clock.js';
import { Dialog } from '../../frame/dialog.js';
import { notify } from '../../frame/notices.js';
import { Form } from '../../parts/form.js';
import { Instant } from '../../parts/form-fields.js';
import { instantOf, textOf } from '../../parts/form-values.js';

const HOUR = 3_600_000;

interface ReplayDialogProps {
  readonly id: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Asks from when on the events are delivered again. */
export function ReplayDialog({ id, onClose, onDone }: ReplayDialogProps) {
  const replay = async (fields: FormData) => {
    await session.value?.client.replayWebhook({ id, since: instantOf(textOf(fields, 'since')) });
    notify('The events are delivered again');
    onClose();
    onDone();
  };
  return (
    <Dialog label="Deliver again" onClose={onClose}>
      <Form does="Deliver again" onSubmit={replay}>
        <h2>Deliver again</h2>
        <p class="quiet">All matching events from this time on are sent again, in their order.</p>
        <Instant name="since" title="Since" at={new Date(readTime() - HOUR).toISOString()} />
      </Form>
    </Dialog>
  );
}
