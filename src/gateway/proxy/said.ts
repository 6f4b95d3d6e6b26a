import type { Said } from "../edge/client-identity.ts";
import { FieldCode, type RequestHead } from "../http1/head.ts";

/** What a request's forwarding fields say, as text. */
export function saidBy(bytes: Uint8Array, head: RequestHead): Said {
  const said: Said = { forwardedFor: null, forwarded: null, proto: null, host: null, port: null };
  for (let index = 0; index < head.fieldCount; index += 1) {
    const key = keyOf(head.codes[index] as number);
    if (key === null) continue;
    const start = head.fields[index * 4 + 2] as number;
    const end = head.fields[index * 4 + 3] as number;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    said[key] = said[key] === null ? value : `${said[key]}, ${value}`;
  }
  return said;
}

function keyOf(code: number): keyof Said | null {
  if (code === FieldCode.xForwardedFor) return "forwardedFor";
  if (code === FieldCode.forwarded) return "forwarded";
  if (code === FieldCode.xForwardedProto) return "proto";
  if (code === FieldCode.xForwardedHost) return "host";
  return code === FieldCode.xForwardedPort ? "port" : null;
}
