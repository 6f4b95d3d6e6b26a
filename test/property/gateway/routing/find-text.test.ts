import fc from "fast-check";
import { expect, test } from "vitest";
import { createRequestHead, defaultHeadLimits, parserRoom } from "../../../../src/gateway/http1/head.ts";
import { parseRequestHead } from "../../../../src/gateway/http1/request-head.ts";
import { encodeRequest } from "../../../../src/gateway/routing/find-text.ts";
import { request } from "./requests.ts";

test("a request in words has the record that the parser fills for its bytes", () => {
  fc.assert(
    fc.property(request, (one) => {
      const asked = {
        ...one,
        host: one.host ?? "localhost",
        path: encodeURI(decodeURI(one.path.replaceAll(/%(?![0-9A-F]{2})/gi, ""))),
      };
      const { bytes, head } = encodeRequest(asked);
      const roomy = new Uint8Array(bytes.length + parserRoom);
      roomy.set(bytes);
      const parsed = createRequestHead();
      const words = new DataView(roomy.buffer);
      expect(parseRequestHead(roomy, words, 0, bytes.length, parsed, defaultHeadLimits)).toBe(bytes.length);
      const { fields, ...rest } = head;
      const same = ["methodStart", "methodEnd", "targetStart", "targetEnd", "pathStart", "pathEnd"] as const;
      for (const key of same) expect(parsed[key], key).toBe(rest[key]);
      expect(parsed.queryEnd).toBe(head.queryEnd);
      expect([parsed.authorityStart, parsed.hostEnd]).toEqual([head.authorityStart, head.hostEnd]);
      expect(parsed.fieldCount).toBe(head.fieldCount);
      expect(parsed.fields.subarray(0, head.fieldCount * 4)).toEqual(fields.subarray(0, head.fieldCount * 4));
    }),
    { numRuns: 500 },
  );
});
