import { describe, expect, test } from "vitest";
import {
  type Client,
  createTrust,
  directClient,
  resolveClient,
  type Said,
} from "../../../../src/gateway/edge/client-identity.ts";

const trust = createTrust(["10.0.0.0/8", "192.0.2.1", "fd00::/8"]);
const nothing: Said = { forwardedFor: null, forwarded: null, proto: null, host: null, port: null };

function behind(said: Partial<Said>, peer = "10.0.0.1"): Client {
  return resolveClient(trust, directClient(peer, 8080, false), { ...nothing, ...said });
}

describe("trust", () => {
  test("is by address and block, also as a dual-stack socket writes IPv4", () => {
    const cases = ["10.255.0.1", "192.0.2.1", "192.0.2.2", "fd12::1", "::ffff:10.0.0.1", "::1", "", "x"];
    expect(cases.map(trust)).toEqual([true, true, false, true, true, false, false, false]);
    expect(createTrust([])("10.0.0.1")).toBe(false);
  });

  test("says what is neither address nor block", () => {
    for (const text of ["", "10.0.0.0/33", "localhost", "10.0.0"]) {
      expect(() => createTrust([text])).toThrow(expect.objectContaining({ code: "USAGE" }));
    }
  });
});

describe("a client that connects itself", () => {
  test("is the connection's peer", () => {
    expect(directClient("::ffff:203.0.113.9", 80, false)).toEqual({
      address: "203.0.113.9",
      scheme: "http",
      port: 80,
      host: null,
      chain: ["203.0.113.9"],
      peerScheme: "http",
    });
    expect(directClient("fe80::1%eth0", 443, true)).toMatchObject({ address: "fe80::1", scheme: "https" });
    expect(directClient("", 80, false)).toMatchObject({ address: "", chain: [""] });
  });
});

describe("a client behind trusted proxies", () => {
  test("is the right-most address that is not trusted", () => {
    expect(behind({ forwardedFor: "203.0.113.9" }).chain).toEqual(["203.0.113.9", "10.0.0.1"]);
    expect(behind({ forwardedFor: "6.6.6.6, 203.0.113.9 ,10.2.0.1" }).chain).toEqual([
      "203.0.113.9",
      "10.2.0.1",
      "10.0.0.1",
    ]);
    expect(behind({ forwardedFor: "6.6.6.6,[2001:DB8::9]:4711,192.0.2.1:80" }).chain).toEqual([
      "2001:db8::9",
      "192.0.2.1",
      "10.0.0.1",
    ]);
  });

  test("is the left-most address when all are trusted", () => {
    expect(behind({ forwardedFor: "10.9.9.9, fd00::1" }).chain).toEqual(["10.9.9.9", "fd00::1", "10.0.0.1"]);
    expect(behind({ forwardedFor: "" }).chain).toEqual(["10.0.0.1"]);
    expect(behind({}).chain).toEqual(["10.0.0.1"]);
  });

  test("is the hop that wrote what is no address", () => {
    for (const entry of [
      "unknown",
      "_hidden",
      "",
      "1.2.3",
      "1.2.3.4:x",
      "a.example",
      "203.0.113.9;x",
      "01.2.3.4",
    ]) {
      expect(behind({ forwardedFor: `6.6.6.6, ${entry}, 10.2.0.1` }).address, entry).toBe("10.2.0.1");
    }
  });

  test("is not looked for without end", () => {
    expect(behind({ forwardedFor: `6.6.6.6,${"10.0.0.2,".repeat(1_000)}10.0.0.2` }).chain).toHaveLength(65);
  });

  test("is found in Forwarded where there is no X-Forwarded-For", () => {
    const forwarded = 'for=6.6.6.6, For="[2001:db8::9]:47";proto=https;host="shop.example:444", for=10.2.0.1';
    expect(behind({ forwarded })).toEqual({
      address: "2001:db8::9",
      scheme: "https",
      port: 444,
      host: "shop.example:444",
      chain: ["2001:db8::9", "10.2.0.1", "10.0.0.1"],
      peerScheme: "http",
    });
    expect(behind({ forwarded, forwardedFor: "203.0.113.9" })).toMatchObject({
      address: "203.0.113.9",
      scheme: "http",
      host: null,
    });
    for (const bad of [
      "for=6.6.6.6, for",
      'for="6.6.6.6',
      "for=6.6.6.6;for=7.7.7.7",
      "for=6.6.6.6;",
      "x",
      "",
    ]) {
      expect(behind({ forwarded: bad }).address, bad).toBe("10.0.0.1");
    }
  });

  test("has the scheme, host and port that the proxy says", () => {
    const said = (more: Partial<Said>) => {
      const { scheme, host, port } = behind({ forwardedFor: "203.0.113.9", ...more });
      return [scheme, host, port];
    };
    expect(said({})).toEqual(["http", null, 8080]);
    expect(said({ proto: "https" })).toEqual(["https", null, 443]);
    expect(said({ proto: "WSS", port: "8443" })).toEqual(["https", null, 8443]);
    expect(said({ proto: "http", host: "a.example:81" })).toEqual(["http", "a.example:81", 81]);
    expect(said({ proto: "gopher", port: "0" })).toEqual(["http", null, 8080]);
    expect(said({ port: "65536" })).toEqual(["http", null, 8080]);
    expect(said({ proto: "https", host: "a.example:0" })).toEqual(["https", "a.example:0", 443]);
    for (const host of ['a"b', "a b", "a/b", "a\r\nb", "[::1", ""])
      expect(said({ host })).toEqual(["http", null, 8080]);
  });

  test("has the entries at its own place in lists", () => {
    const chain = "6.6.6.6, 203.0.113.9, 10.2.0.1";
    const lists = { forwardedFor: chain, proto: "gopher, https, http", host: "evil, shop.example, inner" };
    expect(behind(lists)).toMatchObject({ scheme: "https", host: "shop.example" });
    expect(behind({ ...lists, proto: "https", host: "shop.example" })).toMatchObject({
      scheme: "https",
      host: "shop.example",
    });
  });
});
