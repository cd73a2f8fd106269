import { parseTimeZone } from '../../domain/schedule/time-zone.js';
import { findClosest } from '../../kernel/closest-match.js';
import { formatIsoDuration, parseDuration } from '../../kernel/durations.js';
import { formatInstant, parseInstant } from '../../kernel/instants.js';
import { builder } from '../builder.js';
import { JSON_LIMITS, parseJsonLiteral, parseJsonObject } from './json-object.js';
import { badUserInput } from './protocol-errors.js';

/** Longer than any cursor that this server creates. */
const MAX_CURSOR_LENGTH = 1_000;

/** A duration with all units and a fraction is much shorter. */
const MAX_DURATION_LENGTH = 100;

builder.scalarType('Cursor', {
  specifiedByURL: 'https://relay.dev/graphql/connections.htm#sec-Cursor',
  description: 'An opaque position in a list or in the event log. Copy it from an earlier answer.',
  serialize: (cursor) => cursor,
  parseValue: (value) => {
    if (typeof value === 'string' && value.length <= MAX_CURSOR_LENGTH) return value;
    throw badUserInput('A Cursor is a string taken from an earlier answer.');
  },
});

builder.scalarType('DateTime', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  description: 'An instant in RFC 3339. Answers are in UTC with milliseconds: `2026-11-22T13:05:00.000Z`.',
  serialize: formatInstant,
  parseValue: (value) => {
    const instant = typeof value === 'string' ? parseInstant(value) : null;
    if (instant !== null) return instant;
    throw badUserInput('A DateTime is an RFC 3339 string with a time zone: 2026-11-22T13:05:00Z.');
  },
});

builder.scalarType('Duration', {
  specifiedByURL: 'https://www.iso.org/iso-8601-date-and-time-format.html',
  description: 'A duration in ISO 8601: `PT10M`, `P1D`. Short forms such as `10m` are accepted as input.',
  serialize: (ms) => formatIsoDuration(ms),
  parseValue: (value) => {
    if (typeof value !== 'string' || value.length > MAX_DURATION_LENGTH)
      throw badUserInput('A Duration is a string such as PT10M.');
    try {
      return parseDuration(value);
    } catch (error) {
      throw badUserInput(
        error instanceof RangeError ? error.message : 'A Duration is a string such as PT10M.',
      );
    }
  },
});

builder.scalarType('TimeZone', {
  specifiedByURL: 'https://www.iana.org/time-zones',
  description: 'An IANA time zone: `Europe/Berlin`, `UTC`.',
  serialize: (name) => name,
  parseValue: (value) => {
    const zone = typeof value === 'string' ? parseTimeZone(value) : null;
    if (zone !== null) return zone;
    const written = String(value).slice(0, 80);
    const closest = findClosest(written, Intl.supportedValuesOf('timeZone'));
    const suggestion = closest === undefined ? '' : ` Did you mean ${closest}?`;
    throw badUserInput(
      `${JSON.stringify(written)} is not an IANA time zone, such as Europe/Berlin or UTC.${suggestion}`,
    );
  },
});

builder.scalarType('JSONObject', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-4',
  description: `A JSON object with any keys and values, at most ${JSON_LIMITS.bytes / 1024} KiB in total and ${JSON_LIMITS.depth} levels deep. It is stored unchanged or refused. Numbers are 64-bit floating-point numbers: send larger integers than 9007199254740991, and decimals that would be rounded, as strings.`,
  serialize: (object) => object,
  parseValue: parseJsonObject,
  parseLiteral: parseJsonLiteral,
});
