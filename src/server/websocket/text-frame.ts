/**
 * Creates an unmasked WebSocket text frame (RFC 6455, 5.2) from parts in UTF-8. `ws` would create two buffers per message,
 * encode it for each receiver, and write twice.
 */
export function createTextFrame(...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = FINAL_TEXT;
  if (headLength === 2) frame[1] = length;
  else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  let offset = headLength;
  for (const part of parts) offset += part.copy(frame, offset);
  return frame;
}

const FINAL_TEXT = 0x81;
