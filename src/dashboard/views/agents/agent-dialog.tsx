import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { VersionConflictError } from '../../../sdk/index.js';
import { act } from '../../data/act.js';
import { session } from '../../data/session.js';
import { Dialog } from '../../frame/dialog.js';
import { notify } from '../../frame/notices.js';
import { Form, textIn } from '../../parts/form.js';
import { Choice, Field, Line } from '../../parts/form-fields.js';
import { editsOf } from './agent-edits.js';
import type { AgentDetail } from './agent-parts.js';

interface AgentDialogProps {
  readonly agent: AgentDetail;
  readonly onClose: () => void;
}

/** Edits the SOUL and the settings of an agent. What others change meanwhile is kept, except in the fields that were edited. */
export function AgentDialog({ agent, onClose }: AgentDialogProps) {
  // What the reader began with: the page goes on to follow the agent behind the dialog.
  const [base] = useState(agent);
  const hasConflict = useSignal(false);
  const save = async (fields: FormData) => {
    const edits = editsOf(fields, base);
    const { version: expectedVersion } = hasConflict.value ? agent : base;
    try {
      if (Object.keys(edits).length === 0) notify('Nothing was changed');
      else await session.value?.client.updateAgent({ agent: { id: base.id }, expectedVersion, ...edits });
      onClose();
    } catch (error) {
      hasConflict.value = error instanceof VersionConflictError;
      throw error;
    }
  };
  return (
    <Dialog label={`Edit ${base.name}`} onClose={onClose} class="wide">
      <Form
        does={hasConflict.value ? 'Save my changes over these' : 'Save'}
        onSubmit={save}
        other={
          <button type="button" onClick={onClose}>
            Leave it as it was
          </button>
        }
      >
        <h2 class="text">Edit {base.name}</h2>
        <Soul soul={base.soul ?? ''} />
        <Work agent={base} />
        <Dispatch agent={base} />
      </Form>
    </Dialog>
  );
}

function Soul({ soul }: { readonly soul: string }) {
  const text = useSignal(soul);
  const templates = useSignal<readonly { readonly name: string; readonly body: string }[]>([]);
  const read = () =>
    act(async (client) => {
      templates.value = await client.soulTemplates();
    });
  return (
    <>
      <Field title="SOUL, in Markdown">
        <textarea name="soul" rows={8} autofocus {...textIn(text)} />
      </Field>
      <span class="row-buttons">
        {templates.value.map(({ name, body }) => (
          <button key={name} type="button" onClick={() => (text.value = body)}>
            {name}
          </button>
        ))}
        {templates.value.length === 0 && (
          <button type="button" class="plain quiet" onClick={() => void read()}>
            Begin with a template
          </button>
        )}
      </span>
    </>
  );
}

function Work({ agent }: { readonly agent: AgentDetail }) {
  return (
    <div class="form-row">
      <Line name="role" title="Role" value={agent.role} />
      <Field title="Capacity">
        <input
          type="number"
          name="maxCapacity"
          min={1}
          max={100}
          required
          defaultValue={String(agent.maxCapacity)}
        />
      </Field>
      <Line name="capabilities" title="Capabilities" value={agent.capabilities.join(', ')} />
      <Choice
        name="acceptsInbox"
        title="Takes tasks of the inbox"
        values={['YES', 'NO']}
        chosen={agent.acceptsInbox ? 'YES' : 'NO'}
      />
    </div>
  );
}

/** How the dispatcher reaches it. Of interest for agents that are called. */
function Dispatch({ agent: { delivery, config } }: { readonly agent: AgentDetail }) {
  return (
    <details open={delivery === 'PUSH'}>
      <summary>How it gets its work</summary>
      <div class="form-row">
        <Choice name="delivery" title="Delivery" values={['PULL', 'PUSH']} chosen={delivery} />
        <Line name="gateway" title="Gateway" value={config.gateway ?? ''} />
        <Line name="gatewayAgentId" title="Its name at the gateway" value={config.gatewayAgentId ?? ''} />
        <Line name="dispatchModel" title="Model for all tasks" value={config.dispatchModel ?? ''} />
        <Line name="defaultModel" title="Model without a rule" value={config.defaultModel ?? ''} />
        <Line name="timeout" title="Time limit, such as PT10M" value={config.timeout ?? ''} />
      </div>
    </details>
  );
}
