import type { ComponentChildren } from 'preact';
import { session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Loading, Problem } from '../../parts/states.js';
import { Ago } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';

/** What the server says about itself, and its limits. */
export function Facts() {
  const { data, problem, reload } = useQuery({ key: 'server', ask: (client) => client.server() });
  const facts = data.value;
  if (problem.value !== '') return <Problem text={problem.value} onRetry={reload} />;
  if (!facts) return <Loading />;
  const { keyName = '', role = 'VIEWER' } = session.value ?? {};
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="facts-table" aria-label="Server" tabIndex={0}>
      <dl>
        <Fact name="Version">{facts.version}</Fact>
        <Fact name="Started">
          <Ago at={facts.startedAt} />
        </Fact>
        <Fact name="Database">{facts.database}</Fact>
        <Fact name="Your key">
          {keyName} ({role.toLowerCase()})
        </Fact>
      </dl>
      <h2>Limits</h2>
      <dl>
        {Object.entries(facts.limits).map(([name, value]) => (
          <Fact key={name} name={sentence(name.replaceAll(/([A-Z])/g, '_$1'))}>
            {typeof value === 'number' ? value.toLocaleString('en') : String(value)}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt class="quiet">{name}</dt>
      <dd class="text">{children}</dd>
    </div>
  );
}
