import { expect, test } from "vitest";
import type { Condition } from "../../../../src/model/route.ts";
import type { RequestText } from "../../../../src/gateway/routing/find-text.ts";
import { isMet } from "./tables.ts";

type Case = [name: string, when: Condition, request: Partial<RequestText>, expected: boolean];

const yes: Condition = { method: "GET" };
const no: Condition = { method: "POST" };

const cases: Case[] = [
  ["all: every one", { all: [yes, yes] }, {}, true],
  ["all: not one less", { all: [yes, no] }, {}, false],
  ["any: one", { any: [no, yes] }, {}, true],
  ["any: none", { any: [no, no] }, {}, false],
  ["not", { not: no }, {}, true],
  ["not of what holds", { not: yes }, {}, false],
  ["nested", { all: [{ any: [no, { not: no }] }, { not: { all: [yes, no] } }] }, {}, true],
  ["host", { host: "a.example" }, { host: "A.example:80" }, true],
  ["host: longer", { host: "a.example" }, { host: "a.example.com" }, false],
  ["host: none", { host: "a.example" }, { host: null }, false],
  ["host: wildcard", { host: "*.example" }, { host: "a.b.EXAMPLE" }, true],
  ["host: wildcard without a name before it", { host: "*.example" }, { host: "example" }, false],
  ["hostRegexp", { hostRegexp: "^[a-c]+\\.example$" }, { host: "abc.example:8080" }, true],
  ["hostRegexp: without regard to case", { hostRegexp: "^API\\." }, { host: "Api.example" }, true],
  ["hostRegexp: anywhere", { hostRegexp: "exam" }, { host: "a.example" }, true],
  ["hostRegexp: no", { hostRegexp: "^exam" }, { host: "a.example" }, false],
  ["hostRegexp: no host", { hostRegexp: ".*" }, { host: null }, false],
  ["path", { path: "/a/b" }, { path: "/a/b?c" }, true],
  ["path: not below", { path: "/a/b" }, { path: "/a/b/" }, false],
  ["path: of a target that has none", { path: "/" }, { path: "" }, true],
  ["pathPrefix: to the letter", { pathPrefix: "/ap" }, { path: "/api" }, true],
  ["pathPrefix: no", { pathPrefix: "/api" }, { path: "/ap" }, false],
  ["pathPrefix: not the query's", { pathPrefix: "/a?b" }, { path: "/a?b" }, false],
  ["pathRegexp: anywhere", { pathRegexp: "[0-9]{3}" }, { path: "/items/123/edit" }, true],
  ["pathRegexp: not in the query", { pathRegexp: "[0-9]{3}" }, { path: "/items?id=123" }, false],
  ["pathRegexp: case counts", { pathRegexp: "ITEMS" }, { path: "/items" }, false],
  ["pathRegexp: flags", { pathRegexp: "(?i)ITEMS" }, { path: "/items" }, true],
  ["pathRegexp: UTF-8", { pathRegexp: "^/caf.$" }, { path: "/café" }, true],
  ["method", { method: "PURGE" }, { method: "PURGE" }, true],
  ["method: case counts", { method: "PURGE" }, { method: "purge" }, false],
  ["header: any value", { header: "X-A", value: null }, { headers: [["x-a", ""]] }, true],
  ["header: none", { header: "X-A", value: null }, { headers: [["x-ab", "1"]] }, false],
  ["header: value", { header: "x-a", value: "One" }, { headers: [["X-A", "One"]] }, true],
  ["header: case of the value counts", { header: "x-a", value: "One" }, { headers: [["X-A", "one"]] }, false],
  ["header: whole value", { header: "x-a", value: "One" }, { headers: [["X-A", "One, Two"]] }, false],
  [
    "header: any of its lines",
    { header: "x-a", value: "2" },
    {
      headers: [
        ["X-A", "1"],
        ["x-a", "2"],
      ],
    },
    true,
  ],
  ["header: latin1", { header: "x-a", value: "caf\u00e9" }, { headers: [["X-A", "caf\u00e9"]] }, true],
  ["header: empty", { header: "x-a", value: "" }, { headers: [["X-A", ""]] }, true],
  ["header: the Host field", { header: "host", value: "a.example" }, { host: "a.example" }, true],
  ["header: expression", { header: "x-a", regexp: "^v[12]$" }, { headers: [["X-A", "v2"]] }, true],
  ["header: expression, latin1", { header: "x-a", regexp: "^.$" }, { headers: [["X-A", "\u00e9"]] }, true],
  ["header: no such expression", { header: "x-a", regexp: "^v[12]$" }, { headers: [["X-A", "v3"]] }, false],
  ["query: any value", { query: "a", value: null }, { path: "/?b&a" }, true],
  ["query: none", { query: "a", value: null }, { path: "/?ab=a" }, false],
  ["query: no query", { query: "a", value: null }, { path: "/a" }, false],
  ["query: value", { query: "a", value: "1" }, { path: "/?a=2&a=1" }, true],
  ["query: empty value", { query: "a", value: "" }, { path: "/?a" }, true],
  ["query: empty value with its sign", { query: "a", value: "" }, { path: "/?x=1&a=&y" }, true],
  ["query: longer value", { query: "a", value: "1" }, { path: "/?a=12" }, false],
  ["query: percent", { query: "a b", value: "c&d" }, { path: "/?a%20b=c%26d" }, true],
  ["query: plus", { query: "a b", value: "c d" }, { path: "/?a+b=c+d" }, true],
  ["query: a plus that was encoded", { query: "a", value: "c+d" }, { path: "/?a=c%2Bd" }, true],
  ["query: second equals sign", { query: "a", value: "b=c" }, { path: "/?a=b=c" }, true],
  ["query: half an escape", { query: "a", value: "%4" }, { path: "/?a=%4" }, true],
  ["query: no escape", { query: "a", value: "%zz" }, { path: "/?a=%zz" }, true],
  ["query: UTF-8", { query: "ü", value: "é" }, { path: "/?%C3%BC=%c3%a9" }, true],
  ["query: second question mark", { query: "a?", value: "1" }, { path: "/?a?=1" }, true],
  ["query: expression", { query: "a", regexp: "^b c$" }, { path: "/?a=x&a=b%20c" }, true],
  ["query: no such expression", { query: "a", regexp: "^b$" }, { path: "/?a=bb" }, false],
  ["client: address", { client: "192.0.2.1" }, { client: "192.0.2.1" }, true],
  ["client: block", { client: "192.0.2.0/24" }, { client: "::ffff:192.0.2.77" }, true],
  ["client: other block", { client: "192.0.2.0/24" }, { client: "192.0.3.1" }, false],
  ["client: IPv6", { client: "2001:db8::/32" }, { client: "2001:db8:1::1" }, true],
  ["client: no address", { client: "0.0.0.0/0" }, { client: "" }, false],
];

test.each(cases)("%s", (_, when, request, expected) => {
  expect(isMet(when, request)).toBe(expected);
});
