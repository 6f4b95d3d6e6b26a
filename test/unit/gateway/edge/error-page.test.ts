import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preferredType } from "../../../../src/gateway/edge/accept.ts";
import { type ErrorAnswer, errorAnswer } from "../../../../src/gateway/edge/error-page.ts";
import { mostPageBytes, noErrorPages, readErrorPages } from "../../../../src/gateway/edge/error-pages.ts";
import { pageStatuses, pageTitle } from "../../../../src/gateway/edge/page-text.ts";

const plain: ErrorAnswer = {
  status: 502,
  accept: "text/html",
  requestId: "abc",
  method: "GET",
  minor: 1,
  close: false,
  part: "target",
  reason: "connect-refused",
};

function read(bytes: Uint8Array): { line: string; fields: Map<string, string>; body: string } {
  const whole = Buffer.from(bytes).toString();
  const end = whole.indexOf("\r\n\r\n");
  const [line = "", ...lines] = whole.slice(0, end).split("\r\n");
  const fields = new Map(lines.map((field) => field.split(": ", 2) as [string, string]));
  return { line, fields, body: whole.slice(end + 4) };
}

test("the form is the one that Accept prefers", () => {
  const cases: [string | null, "html" | "json"][] = [
    [null, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"],
    ["application/json, text/plain, */*", "json"],
    ["text/html;q=0.4, application/json;q=0.5", "json"],
    ["application/json;q=0.4, TEXT/HTML ; q=0.5", "html"],
    ["text/*", "html"],
    ["text/html;q=0, */*", "json"],
    ["application/json;q=0, */*", "html"],
    ["application/json, text/html", "json"],
    ["text/html, application/json", "html"],
    ["application/problem+json", "json"],
    ["image/png", "json"],
    ["text/html;q=2", "json"],
    ["text/html;level=1;q=0.3, application/*;q=0.2", "html"],
    [",,;;q=,", "json"],
  ];
  for (const [accept, type] of cases) expect(preferredType(accept), String(accept)).toBe(type);
});

describe("an answer of the gateway's own", () => {
  test("is a whole message", () => {
    for (const status of pageStatuses) {
      for (const accept of ["text/html", null]) {
        const { line, fields, body } = read(errorAnswer({ ...plain, status, accept }));
        expect(line).toBe(`HTTP/1.1 ${status} ${pageTitle(status)}`);
        expect(Number(fields.get("Content-Length"))).toBe(Buffer.byteLength(body));
        expect(fields.get("Cache-Control")).toBe("no-store");
        expect(fields.get("X-Request-Id")).toBe("abc");
        expect(Number.isNaN(Date.parse(fields.get("Date") ?? ""))).toBe(false);
        expect(fields.has("Retry-After")).toBe(status === 503);
        expect(fields.has("Allow")).toBe(status === 405);
        expect(body).toContain(pageTitle(status));
        expect(body).toContain("abc");
      }
    }
  });

  test("is JSON or HTML", () => {
    const json = read(errorAnswer({ ...plain, accept: "application/json" }));
    expect(json.fields.get("Content-Type")).toBe("application/json");
    expect(JSON.parse(json.body)).toEqual({
      status: 502,
      error: "Bad Gateway",
      message: expect.any(String),
      request: "abc",
    });
    expect(JSON.parse(read(errorAnswer({ ...plain, accept: null, requestId: "" })).body)).not.toHaveProperty(
      "request",
    );
    const html = read(errorAnswer(plain));
    expect(html.fields.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(html.body).toMatch(/^<!doctype html>.*<title>502 Bad Gateway<\/title>/);
    expect(read(errorAnswer({ ...plain, requestId: "" })).body).not.toContain("<code>");
  });

  test("has no content for HEAD, but its length", () => {
    const head = read(errorAnswer({ ...plain, method: "HEAD" }));
    expect(head.body).toBe("");
    expect(head.fields.get("Content-Length")).toBe(read(errorAnswer(plain)).fields.get("Content-Length"));
  });

  test("says what becomes of the connection", () => {
    const connection = (close: boolean, minor: number) =>
      read(errorAnswer({ ...plain, close, minor })).fields.get("Connection");
    expect(connection(true, 1)).toBe("close");
    expect(connection(true, 0)).toBe("close");
    expect(connection(false, 0)).toBe("keep-alive");
    expect(connection(false, 1)).toBeUndefined();
  });

  test("tells which part failed", () => {
    const timing = (more: Partial<ErrorAnswer>) =>
      read(errorAnswer({ ...plain, ...more })).fields.get("Server-Timing");
    expect(timing({})).toBe('target;desc="connect refused"');
    expect(timing({ part: "gateway", reason: 'a"\r\nb', durationMs: 2000.04 })).toBe(
      'gateway;desc="a b";dur=2000',
    );
    expect(timing({ durationMs: 0.25 })).toBe('target;desc="connect refused";dur=0.3');
    expect(timing({ durationMs: -1 })).toBe('target;desc="connect refused"');
    expect(timing({ reason: "" })).toBeUndefined();
  });

  test("says when to come again, and what is served", () => {
    const fields = (more: Partial<ErrorAnswer>) => read(errorAnswer({ ...plain, ...more })).fields;
    expect(fields({ status: 503 }).get("Retry-After")).toBe("1");
    expect(fields({ status: 503, retryAfterSeconds: 2.2 }).get("Retry-After")).toBe("3");
    expect(fields({ status: 405 }).get("Allow")).toContain("GET");
    expect(fields({ status: 405, allow: "HEAD" }).get("Allow")).toBe("HEAD");
  });
});

describe("pages of one's own", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "cutover-pages-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("take the place of the gateway's, the more exact name first", async () => {
    const folder = join(directory, "good");
    await mkdir(folder);
    await writeFile(join(folder, "404.html"), "<p>{{ status }}|{{title}}|{{requestId}}|{{text}}");
    await writeFile(join(folder, "5xx.json"), '{"no":"{{requestId}}","code":{{status}}}');
    await writeFile(join(folder, "5xx.html"), "class");
    await symlink(join(folder, "404.html"), join(folder, "503.html"));
    await writeFile(join(folder, ".hidden"), "");
    const warnings: string[] = [];
    const pages = await readErrorPages(folder, (warning) => warnings.push(warning));
    expect(warnings).toEqual([]);
    const body = (status: number, accept: string, requestId = "abc") =>
      read(errorAnswer({ ...plain, status, accept, requestId }, pages)).body;
    expect(body(404, "text/html", `<"'&>`)).toBe(
      "<p>404|Not Found|&#60;&#34;&#39;&#38;&#62;|Nothing is served under this address.",
    );
    expect(JSON.parse(body(502, "*/*", 'a"\\'))).toEqual({ no: 'a"\\', code: 502 });
    expect(body(502, "text/html")).toBe("class");
    expect(body(503, "text/html")).toMatch(/^<p>503/);
    expect(body(404, "*/*")).toContain('"error":"Not Found"');
    expect(body(400, "text/html")).toContain("<!doctype html>");
  });

  test("that can't be used are named, and the others are", async () => {
    const folder = join(directory, "bad");
    await mkdir(join(folder, "500.html"), { recursive: true });
    await writeFile(join(folder, "404.html"), Buffer.alloc(mostPageBytes + 1, "a"));
    await writeFile(join(folder, "413.html"), Buffer.alloc(mostPageBytes, "a"));
    await writeFile(join(folder, "414.html"), Buffer.from([0xff, 0xfe]));
    await writeFile(join(folder, "5xx.json"), "{{title}}");
    await writeFile(join(folder, "502.html"), "{{password}}");
    await writeFile(join(folder, "logo.png"), "");
    await symlink("nowhere", join(folder, "504.html"));
    const warnings: string[] = [];
    const pages = await readErrorPages(folder, (warning) => warnings.push(warning));
    expect([...pages.keys()]).toEqual(["413.html"]);
    const named = warnings.map((warning) => /"([^"]+)" is not used: ./.exec(warning)?.[1]);
    expect(named).toEqual([
      "404.html",
      "414.html",
      "500.html",
      "502.html",
      "504.html",
      "5xx.json",
      "logo.png",
    ]);
  });

  test("may be missing as a whole", async () => {
    const warnings: string[] = [];
    const warn = (warning: string) => warnings.push(warning);
    expect(await readErrorPages("", warn)).toBe(noErrorPages);
    expect(warnings).toEqual([]);
    expect((await readErrorPages(join(directory, "none"), warn)).size).toBe(0);
    expect(warnings).toHaveLength(1);
  });
});
