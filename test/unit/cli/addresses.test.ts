import { expect, test } from "vitest";
import { routeUrl, streamUrl } from "../../../src/cli/render/status.ts";
import type { Listener } from "../../../src/model/route.ts";

const listeners: Listener[] = [
  { name: "http", host: null, port: 80 },
  { name: "port:5432", host: null, port: 5432, protocol: "tcp" },
  { name: "port:[::1]:443", host: "::1", port: 443, protocol: "tls" },
];
const route = { id: "r", app: "shop", hosts: [], path: "/", priority: 0, backend: "shop/web@1" };
const stream = { id: "s", app: "shop", serverNames: [], backend: "shop/web@1" };

test("an app's addresses are what a client connects to", () => {
  expect(routeUrl({ ...route, listener: "http", hosts: ["shop.example"] }, listeners)).toBe(
    "http://shop.example/",
  );
  expect(streamUrl({ ...stream, listener: "port:5432" }, listeners)).toBe("tcp://localhost:5432");
  expect(streamUrl({ ...stream, listener: "port:[::1]:443" }, listeners)).toBe("tls://[::1]:443");
  const named = { ...stream, listener: "port:[::1]:443", serverNames: ["a.example"] };
  expect(streamUrl(named, listeners)).toBe("tls://a.example:443");
});
