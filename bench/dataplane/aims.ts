import type { LoadName } from "./loads.ts";
import type { ProxyName } from "./proxies/proxy.ts";

/** A ratio to a rival that is aimed at, and the least that is wanted. */
export interface Aim {
  goal: number;
  least: number;
}

const haproxySmall: Aim = { goal: 0.9, least: 1.05 };
const nginxTuned: Aim = { goal: 0.95, least: 1.1 };
const caddy: Aim = { goal: 0.2, least: 0.3 };

const cpuAims: Partial<Record<LoadName, Partial<Record<ProxyName, Aim>>>> = {
  tiny: { haproxy: haproxySmall, "nginx-tuned": nginxTuned, caddy },
  browser: { haproxy: haproxySmall, "nginx-tuned": nginxTuned, caddy },
  "post-4k": { haproxy: haproxySmall, "nginx-tuned": nginxTuned, caddy },
  "get-64k": {
    haproxy: { goal: 0.8, least: 1 },
    "haproxy-splice": { goal: 0.95, least: 1.1 },
    "nginx-tuned": nginxTuned,
    caddy,
  },
  close: { haproxy: { goal: 0.95, least: 1.15 }, "nginx-tuned": nginxTuned, caddy },
};

/** What is aimed at for the processor time of a request; null where nothing is. */
export function cpuAim(load: LoadName, against: ProxyName): Aim | null {
  return cpuAims[load]?.[against] ?? null;
}

/** For p99 at a fixed rate. */
export function p99Aim(load: LoadName, against: ProxyName): Aim | null {
  return load === "rate-20k" && against === "haproxy" ? { goal: 1, least: 1.3 } : null;
}
