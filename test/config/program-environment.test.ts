import { describe, expect, it } from 'vitest';
import { environmentForPrograms } from '../../src/config/program-environment.js';
import { listSettings } from '../../src/config/settings.js';

describe('environmentForPrograms', () => {
  const own = Object.fromEntries(
    listSettings().flatMap(({ name }) => [
      [name, 'x'],
      [`${name}_FILE`, 'x'],
    ]),
  );
  const env = {
    ...own,
    PGPASSWORD: 'x',
    OTEL_EXPORTER_OTLP_HEADERS: 'x',
    mc_api_key: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    PATH: '/bin',
    LC_ALL: 'C',
    ANTHROPIC_API_KEY: 'theirs',
  };

  it('has the usual variables and those that the setting names, and no others', () => {
    expect(environmentForPrograms(env, [])).toEqual({ PATH: '/bin', LC_ALL: 'C' });
    expect(environmentForPrograms(env, ['ANTHROPIC_*', 'AWS_SECRET'])).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      ANTHROPIC_API_KEY: 'theirs',
    });
  });

  it("leaves out the server's settings and credentials whatever the setting names", () => {
    const everything = environmentForPrograms(env, ['M*', 'O*', 'P*', 'D*', 'OPENAI_API_KEY']);
    expect(everything).toEqual({ PATH: '/bin', LC_ALL: 'C' });
  });
});
