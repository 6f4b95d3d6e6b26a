/** A Close frame with a status code (RFC 6455 section 5.5.1); what goes to a server must be masked (section 5.3). */
export function closeFrame(code: number, mask: Uint8Array | null): Buffer {
  const body = Buffer.from([code >> 8, code & 0xff]);
  if (mask === null) return Buffer.concat([Buffer.from([0x88, body.length]), body]);
  const key = Buffer.from([0, 1, 2, 3].map((index) => mask[index] ?? 0));
  const masked = body.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x88, 0x80 | body.length]), key, masked]);
}
