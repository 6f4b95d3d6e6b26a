import { describe, expect, test } from "vitest";
import { createTrust, directClient, resolveClient } from "../../../../src/gateway/edge/client-identity.ts";
import { forwardedHops } from "../../../../src/gateway/edge/forwarded-field.ts";
import { ClientFieldsCache, clientFields } from "../../../../src/gateway/edge/forwarding-fields.ts";

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString("latin1"));

const proxied = resolveClient(createTrust(["10.0.0.0/8"]), directClient("10.0.0.1", 80, false), {
  forwardedFor: "6.6.6.6, 2001:db8::9, 10.0.0.2",
  forwarded: null,
  proto: "https",
  host: "shop.example:444",
  port: null,
});

describe("fields of a client", () => {
  test("that connects itself", () => {
    const made = clientFields(directClient("203.0.113.9", 8080, false), false);
    expect(text(made.fields)).toBe(
      "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 8080\r\n" +
        "X-Real-IP: 203.0.113.9\r\nVia: 1.1 cutover\r\n",
    );
    expect(text(made.fields10)).toBe(text(made.fields)?.replace("1.1 cutover", "1.0 cutover"));
    expect([made.forwardedHost, made.forwarded]).toEqual([null, null]);
  });

  test("behind trusted proxies", () => {
    const made = clientFields(proxied, true);
    expect(text(made.fields)).toBe(
      "X-Forwarded-For: 2001:db8::9, 10.0.0.2, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 444\r\n" +
        "X-Real-IP: 2001:db8::9\r\nVia: 1.1 cutover\r\n",
    );
    expect(text(made.forwardedHost)).toBe("shop.example:444");
    expect(text(made.forwarded)).toBe(
      'Forwarded: for="[2001:db8::9]";proto=https;host="shop.example:444", for=10.0.0.2, ' +
        "for=10.0.0.1;proto=http;by=_cutover",
    );
  });

  test("name an end without address", () => {
    const made = clientFields(directClient("", 80, true), true);
    expect(text(made.fields)).toContain("X-Forwarded-For: unknown\r\nX-Forwarded-Proto: https\r\n");
    expect(text(made.forwarded)).toBe("Forwarded: for=unknown;proto=https;by=_cutover");
  });

  test("in Forwarded are read back as they were meant", () => {
    const line = text(clientFields(proxied, true).forwarded) ?? "";
    expect(forwardedHops(`${line.slice("Forwarded: ".length)};host="a.example:80"`)).toEqual([
      { for: "[2001:db8::9]", proto: "https", host: "shop.example:444" },
      { for: "10.0.0.2", proto: null, host: null },
      { for: "10.0.0.1", proto: "http", host: "a.example:80" },
    ]);
  });
});

describe("the cache of fields", () => {
  test("gives the same bytes for the same client and others for others", () => {
    const cache = new ClientFieldsCache(false);
    const one = cache.direct("203.0.113.9", 80, false);
    expect(cache.direct("203.0.113.9", 80, false)).toBe(one);
    expect(cache.direct("203.0.113.9", 81, false)).not.toBe(one);
    expect(text(cache.direct("203.0.113.9", 80, true).fields)).toContain("Proto: https");
    expect(cache.of(proxied)).toBe(cache.of({ ...proxied }));
    expect(cache.of({ ...proxied, host: null })).not.toBe(cache.of(proxied));
    expect(cache.of({ ...proxied, chain: ["2001:db8::9"] })).not.toBe(cache.of(proxied));
  });

  test("is bounded, and keeps whom it saw lately", () => {
    const cache = new ClientFieldsCache(false, 10);
    const regular = cache.direct("203.0.113.9", 80, false);
    for (let other = 0; other < 1_000; other += 1) {
      cache.direct(`10.0.${other >> 8}.${other & 255}`, 80, false);
      expect(cache.direct("203.0.113.9", 80, false)).toBe(regular);
      expect(cache.size).toBeLessThanOrEqual(20);
    }
  });
});
