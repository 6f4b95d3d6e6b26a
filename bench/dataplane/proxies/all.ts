import { caddy } from "./caddy.ts";
import { gateway } from "./gateway.ts";
import { haproxy } from "./haproxy.ts";
import { httpProxy } from "./http-proxy.ts";
import { nginx } from "./nginx.ts";
import type { ProxyKind, ProxyName } from "./proxy.ts";

export const proxyKinds: Record<ProxyName, ProxyKind> = {
  haproxy: haproxy(false),
  "haproxy-splice": haproxy(true),
  nginx: nginx(false),
  "nginx-tuned": nginx(true),
  caddy: caddy(false),
  "caddy-sites": caddy(true),
  "http-proxy": httpProxy,
  gateway: gateway("raw"),
  "gateway-net": gateway("net"),
};
