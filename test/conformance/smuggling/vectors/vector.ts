/** What the gateway may do with a vector: refuse all of it, or pass on exactly these requests. */
export interface Vector {
  name: string;
  /** All that the client sends, as latin1; complete under the only reading that is right. */
  bytes: string;
  /**
   * - `refused`: a 4xx or 5xx of the gateway's own, and the end; no byte reaches a target.
   * - `broken`: its head was good, so it may have been passed on; then it is broken off. No whole request reaches a target.
   * - a list: first lines of the requests that reach the target, each whole, in order.
   */
  outcome: "refused" | "broken" | readonly string[];
  /** The gateway may as well refuse it. */
  mayRefuse?: boolean;
  /** The gateway may close the connection after the answers, with what was pipelined behind unanswered. */
  mayClose?: boolean;
}

export interface Family {
  name: string;
  vectors: Vector[];
}

/** What an attacker wants to be taken for a request. */
export const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
/** An attacker's beginning of a request that would swallow the next one's first line. */
export const prefix = "GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Swallow: ";
/** Bytes of `smuggled`. */
export const length = smuggled.length;

/** A head with the field lines, each with its end. */
export const head = (fields: string, line = "POST /v HTTP/1.1") => `${line}\r\nHost: h\r\n${fields}\r\n`;
/** Fields as lines. */
export const lines = (...fields: string[]) => fields.map((field) => `${field}\r\n`).join("");
export const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
/** The last chunk, without trailers. */
export const end = "0\r\n\r\n";
/** What reaches the target of an ordinary vector. */
export const post = ["POST /v"] as const;

export const refused = (name: string, bytes: string): Vector => ({ name, bytes, outcome: "refused" });
export const broken = (name: string, bytes: string): Vector => ({ name, bytes, outcome: "broken" });
export const passes = (
  name: string,
  bytes: string,
  outcome: readonly string[],
  may: Partial<Vector> = {},
): Vector => ({
  name,
  bytes,
  outcome,
  ...may,
});

export const chunked = "Transfer-Encoding: chunked";
/** What a server that goes by the length takes the body for. */
export const long = `Content-Length: ${end.length + length}`;

/** A request with these bytes as its chunked body. */
export const inChunks = (bytes: string) => head(lines(chunked)) + bytes;
