import { useSignal } from '@preact/signals';
import { messageOf, session } from '../../data/session.js';
import { readTime } from '../../frame/clock.js';
import { Dialog } from '../../frame/dialog.js';
import { notify } from '../../frame/notices.js';
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
  const problem = useSignal('');
  const replay = async (form: HTMLFormElement) => {
    try {
      const since = instantOf(textOf(new FormData(form), 'since'));
      await session.value?.client.replayWebhook({ id, since });
      notify('The events are delivered again');
      onClose();
      onDone();
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  return (
    <Dialog label="Deliver again" onClose={onClose}>
      <form
        class="stacked-form"
        onSubmit={(event) => {
          event.preventDefault();
          void replay(event.currentTarget);
        }}
      >
        <h2>Deliver again</h2>
        <p class="quiet">All matching events from this time on are sent again, in their order.</p>
        <Instant name="since" title="Since" at={new Date(readTime() - HOUR).toISOString()} />
        {problem.value !== '' && (
          <p class="bad text" role="alert">
            {problem.value}
          </p>
        )}
        <div class="form-buttons">
          <button type="submit" class="main">
            Deliver again
          </button>
        </div>
      </form>
    </Dialog>
  );
}
