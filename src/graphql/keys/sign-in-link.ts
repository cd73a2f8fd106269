import { createSignInLinks } from '../../services/keys/sign-in-links.js';
import { answer, payloadType } from '../base/payloads.js';
import { builder } from '../builder.js';

const SignInLinkPayload = payloadType<{
  readonly url: string;
  readonly code: string;
  readonly expiresAt: Date;
}>('SignInLinkPayload', 'A link that opens the dashboard without a key.');
builder.objectFields(SignInLinkPayload, (t) => ({
  url: t.string({
    nullable: true,
    description:
      'The link, with the address of the server for a browser on its own machine. Null if the mutation was refused.',
    resolve: ({ result }) => result?.url,
  }),
  code: t.string({
    nullable: true,
    description:
      'The code in the link, for a client that reaches the server at another address: append `/#sign-in=` and the code to that address.',
    resolve: ({ result }) => result?.code,
  }),
  expiresAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When the link expires.',
    resolve: ({ result }) => result?.expiresAt,
  }),
}));

builder.mutationFields((t) => ({
  createSignInLink: t.field({
    type: SignInLinkPayload,
    description:
      'Creates a link that signs a browser in once, with the rights of this key and for at most a day. The link is valid for ten minutes.',
    resolve: (_root, _args, { services, viewer, server }) =>
      answer(
        createSignInLinks(services.database)
          .issue(viewer.keyId)
          .then(({ token, expiresAt }) => ({ url: server.signInUrl(token), code: token, expiresAt })),
      ),
  }),
}));
