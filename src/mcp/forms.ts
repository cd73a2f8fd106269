import * as z from 'zod';
import type { AnswerInput } from '../sdk/index.js';

/** What a person is asked at the client. */
export interface Form {
  readonly message: string;
  readonly requestedSchema: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, FormField>>;
    readonly required: string[];
  };
}

type FormField =
  | { readonly type: 'string'; readonly title: string; readonly minLength: 1 }
  | { readonly type: 'boolean'; readonly title: string }
  | { readonly type: 'string'; readonly title: string; readonly oneOf: FormOption[] }
  | {
      readonly type: 'array';
      readonly title: string;
      readonly minItems: 1;
      readonly items: { readonly anyOf: FormOption[] };
    };

interface FormOption {
  readonly const: string;
  readonly title: string;
}

/** The parts of a question that decide its form. */
export interface Asked {
  readonly kind: 'TEXT' | 'CHOICE' | 'CONFIRM';
  readonly multiple: boolean;
  readonly options: readonly { readonly key: string; readonly label: string }[];
}

/** The form of a question. The value has the name of the field of the answer. */
export function formOf(message: string, asked: Asked): Form {
  const [name, field] = fieldOf(asked);
  return { message, requestedSchema: { type: 'object', properties: { [name]: field }, required: [name] } };
}

function fieldOf({ kind, multiple, options }: Asked): readonly [string, FormField] {
  if (kind === 'CONFIRM') return ['confirmed', { type: 'boolean', title: 'Yes' }];
  if (kind === 'TEXT') return ['text', { type: 'string', title: 'Answer', minLength: 1 }];
  const titled = options.map(({ key, label }) => ({ const: key, title: label }));
  return multiple
    ? ['choices', { type: 'array', title: 'Choices', minItems: 1, items: { anyOf: titled } }]
    : ['choice', { type: 'string', title: 'Choice', oneOf: titled }];
}

const accepted = z.object({
  action: z.literal('accept'),
  content: z.union([
    z.object({ text: z.string().min(1) }),
    z.object({ confirmed: z.boolean() }),
    z.object({ choices: z.array(z.string()).min(1) }),
    z.object({ choice: z.string() }).transform(({ choice }) => ({ choices: [choice] })),
  ]),
});

/** The answer in what a client has sent; null if the person has declined, or what came is no answer. */
export function answerIn(response: unknown): AnswerInput | null {
  const parsed = accepted.safeParse(response);
  return parsed.success ? parsed.data.content : null;
}
