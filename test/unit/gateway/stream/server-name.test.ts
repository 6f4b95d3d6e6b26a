import { describe, expect, it } from "vitest";
import { longestHello, readServerName } from "../../../../src/gateway/stream/server-name.ts";
import { extension, helloMessage, realHello, records, serverNames, uint16, vector16 } from "./hello.ts";

const read = (bytes: Uint8Array) => readServerName(bytes, 0, bytes.length);
const bad = (reason: string) => ({ kind: "bad", reason });
const name = (text: string | null) => ({ kind: "name", name: text });

describe("the server name of a TLS client", () => {
  it.each([
    ["TLS 1.3", { minVersion: "TLSv1.3" }],
    ["TLS 1.2", { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }],
    ["many extensions", { ALPNProtocols: ["h2", "http/1.1"], ecdhCurve: "X25519:P-256:P-384" }],
  ] as const)("is found in a real hello: %s", async (_what, options) => {
    const hello = await realHello({ ...options, ALPNProtocols: ["h2"], servername: "Shop.Example.com" });
    expect(read(hello)).toEqual(name("shop.example.com"));
    const without = await realHello({ ...options, ALPNProtocols: ["h2"] });
    expect(read(without)).toEqual(name(null));
  });

  it("is found when the hello comes byte by byte, and not before", async () => {
    const hello = await realHello({ servername: "one.example" });
    for (let end = 0; end < hello.length; end++)
      expect(readServerName(hello, 0, end)).toEqual({ kind: "more" });
    expect(readServerName(hello, 0, hello.length)).toEqual(name("one.example"));
  });

  it("is found when the hello is spread over records, and those come byte by byte", () => {
    for (const size of [1, 2, 3, 4, 5, 50]) {
      const hello = records(helloMessage(), size);
      for (let end = 0; end < hello.length; end++)
        expect(readServerName(hello, 0, end)).toEqual({ kind: "more" });
      expect(read(hello)).toEqual(name("one.example"));
    }
  });

  it("is found anywhere in the bytes, whatever follows", () => {
    const hello = records(helloMessage());
    const bytes = Buffer.concat([Buffer.alloc(10, 1), hello, Buffer.alloc(10, 2)]);
    expect(readServerName(bytes, 10, bytes.length)).toEqual(name("one.example"));
    expect(readServerName(bytes, 10, 10 + hello.length)).toEqual(name("one.example"));
    expect(readServerName(bytes, 10, 9 + hello.length)).toEqual({ kind: "more" });
  });

  it("is not asked for by a hello without extensions (RFC 5246 section 7.4.1.2), or without this one", () => {
    expect(read(records(helloMessage({ extensions: null })))).toEqual(name(null));
    expect(read(records(helloMessage({ extensions: [] })))).toEqual(name(null));
    expect(
      read(records(helloMessage({ extensions: [extension(16, Buffer.from([0, 3, 2, 104, 50]))] }))),
    ).toEqual(name(null));
  });

  it("stands after other extensions", () => {
    const hello = helloMessage({
      extensions: [
        extension(10, Buffer.alloc(4)),
        serverNames("a_b-c.example"),
        extension(11, Buffer.alloc(2)),
      ],
    });
    expect(read(records(hello))).toEqual(name("a_b-c.example"));
  });
});

describe("what is no hello is refused", () => {
  it.each([
    ["HTTP", "GET / HTTP/1.1\r\n", "no-tls-handshake"],
    ["one wrong byte", "\x17", "no-tls-handshake"],
    ["SSH", "SSH-2.0-OpenSSH", "no-tls-handshake"],
    ["SSL 2.0", "\x80\x2e\x01\x00\x02", "no-tls-handshake"],
    ["another version", "\x16\x02", "no-tls-version"],
    ["an empty record", "\x16\x03\x01\x00\x00", "bad-record-length"],
    ["a record that is too long (RFC 8446 section 5.1)", "\x16\x03\x01\x40\x01", "bad-record-length"],
    ["another message", "\x16\x03\x01\x00\x04\x02", "no-client-hello"],
    ["a hello that is too long", "\x16\x03\x01\x40\x00\x01\x00\x40\x00", "hello-too-long"],
    ["a hello of megabytes", "\x16\x03\x01\x40\x00\x01\x40\x00\x00", "hello-too-long"],
    ["an alert between the records", "\x16\x03\x01\x00\x01\x01\x15", "no-tls-handshake"],
  ])("%s", (_what, text, reason) => {
    expect(read(Buffer.from(text, "latin1"))).toEqual(bad(reason));
  });

  it("records without end", () => {
    const hello = records(helloMessage({ extensions: [extension(99, Buffer.alloc(9_000))] }), 3);
    expect(hello.length).toBeGreaterThan(longestHello);
    expect(readServerName(hello, 0, longestHello - 1)).toEqual({ kind: "more" });
    expect(readServerName(hello, 0, longestHello)).toEqual(bad("hello-too-long"));
    expect(read(hello)).toEqual(bad("hello-too-long"));
  });

  it.each([
    ["another version in the hello", helloMessage({ version: 0x0203 }), "no-tls-version"],
    ["a session id of 33 bytes", helloMessage({ session: Buffer.alloc(33) }), "bad-hello"],
    ["no cipher suite", helloMessage({ ciphers: Buffer.alloc(0) }), "bad-hello"],
    ["half a cipher suite", helloMessage({ ciphers: Buffer.alloc(3) }), "bad-hello"],
    ["no compression method", helloMessage({ compressions: Buffer.alloc(0) }), "bad-hello"],
    ["a hello of no bytes", Buffer.from([1, 0, 0, 0]), "bad-hello"],
    [
      "a hello that is cut",
      Buffer.concat([Buffer.from([1, 0, 0, 34]), uint16(0x0303), Buffer.alloc(32)]),
      "bad-hello",
    ],
    ["bytes after the extensions", helloMessage({ after: Buffer.from([0]) }), "bad-extensions"],
    [
      "extensions that are cut",
      helloMessage({ extensions: [Buffer.from([0, 10, 0, 5, 1])] }),
      "bad-extensions",
    ],
    ["half an extension type", helloMessage({ extensions: [Buffer.from([0])] }), "bad-extensions"],
    [
      "the extension twice (RFC 8446 section 4.2)",
      helloMessage({ extensions: [serverNames("a"), serverNames("a")] }),
      "two-server-names",
    ],
    [
      "two names (RFC 6066 section 3)",
      helloMessage({ extensions: [serverNames("a.example", "b.example")] }),
      "two-server-names",
    ],
    ["no name", helloMessage({ extensions: [serverNames()] }), "bad-server-name"],
    ["an empty extension", helloMessage({ extensions: [extension(0, Buffer.alloc(0))] }), "bad-server-name"],
    ["an empty name", helloMessage({ extensions: [serverNames("")] }), "bad-server-name"],
    ["a name of 256 bytes", helloMessage({ extensions: [serverNames("a".repeat(256))] }), "bad-server-name"],
    [
      "a zero byte",
      helloMessage({ extensions: [serverNames("a.example\0.evil.example")] }),
      "bad-server-name",
    ],
    ["a space", helloMessage({ extensions: [serverNames("a example")] }), "bad-server-name"],
    [
      "letters beyond ASCII",
      helloMessage({ extensions: [serverNames("bücher.example")] }),
      "bad-server-name",
    ],
    ["a colon", helloMessage({ extensions: [serverNames("::1")] }), "bad-server-name"],
    [
      "another type of name",
      helloMessage({ extensions: [extension(0, vector16(Buffer.from([1]), vector16(Buffer.from("a"))))] }),
      "bad-server-name",
    ],
    [
      "bytes after the list",
      helloMessage({
        extensions: [
          extension(
            0,
            Buffer.concat([vector16(Buffer.from([0]), vector16(Buffer.from("a"))), Buffer.from([0])]),
          ),
        ],
      }),
      "bad-server-name",
    ],
  ])("%s", (_what, message, reason) => {
    expect(read(records(message))).toEqual(bad(reason));
  });
});
