import type { Logger } from "pino";
import { CutoverError } from "../../model/error.ts";
import type { DrainRequest } from "../../model/gateway-api.ts";
import type { RoutingTable } from "../../model/route.ts";
import type { DrainCount } from "../drain-count.ts";
import { keepDrainsMs } from "../drains.ts";
import { createMutex } from "../primary/mutex.ts";
import { acceptingRule, engineChain, withoutAcceptingRule } from "./engine-chain.ts";
import { KernelDrains } from "./kernel-drains.ts";
import { type KernelPlan, kernelListeners, planKernel } from "./plan.ts";
import { ruleset, tableName, withoutRuleset } from "./ruleset.ts";
import { type KernelTools, type StartedTool, runTool, startTool } from "./tools.ts";

/** How often it is looked whether the rules still stand: others may reload the firewall. */
const verifyEveryMs = 5_000;

export interface KernelSwitchOptions {
  /** Names the table, so that instances on one machine do not meet. */
  instance: string;
  tools: KernelTools;
  /** A directory that may be written to. */
  directory: string;
  /** Whether the workers have a listener's port: without it the port is not ours to pass on. */
  bound: (listener: string) => boolean;
  /** Clients begin with a PROXY header, which the kernel would hand on to targets: it then passes nothing on. */
  proxyProtocol: boolean;
  log: Pick<Logger, "info" | "warn" | "error">;
  /** Takes what changed of drains. */
  report: (counts: DrainCount[]) => void;
}

interface Place {
  address: string;
  port: number;
  /** `performance.now()` when the target left the table. */
  leftAt: number | null;
}

/**
 * Has the kernel pass on connections of TCP listeners that ask for it, by address translation of its own: a connection
 * keeps the target it began with, and a new table holds for all that begin after it. The workers listen on the same
 * ports all the same, and get what the kernel does not take: loopback, IPv6, and all while there is no rule.
 */
export class KernelSwitch {
  readonly #options: KernelSwitchOptions;
  readonly #drains: KernelDrains;
  readonly #inTurn = createMutex();
  readonly #down = new Set<string>();
  readonly #places = new Map<string, Place>();
  #usable = false;
  #served: ReadonlySet<string> = new Set();
  /** Listeners that ask for the kernel in vain, and why. */
  #left: ReadonlyMap<string, string> = new Map();
  #table: RoutingTable | null = null;
  #pending: { table: RoutingTable; plan: KernelPlan; nft: StartedTool } | null = null;
  #verifier: NodeJS.Timeout | null = null;
  /** Something of ours may be in the kernel. */
  #touched = true;

  constructor(options: KernelSwitchOptions) {
    this.#options = options;
    this.#drains = new KernelDrains(options);
  }

  /**
   * To be called once the workers listen: rules of an earlier run, whose addresses may not hold any more, let go of
   * what comes new until `apply`. Where the kernel can't be used this is logged, and workers pass all on.
   *
   * @param table of the snapshot
   */
  async start(table: RoutingTable | null): Promise<void> {
    const { tools, instance, log } = this.#options;
    try {
      await runTool(tools.conntrack, ["-C"]);
      await this.#run(ruleset(instance, [], portsOf(table)));
      this.#usable = true;
    } catch (error) {
      log.error(
        { err: error },
        "the kernel can't be told to pass connections on: the gateway does so itself",
      );
      return;
    }
    this.#verifier = setInterval(() => void this.#inTurn(() => this.#verify()), verifyEveryMs).unref();
  }

  /** Whether the kernel passes on what comes to a listener from elsewhere. */
  serves(listener: string): boolean {
    return this.#served.has(listener);
  }

  /**
   * Makes ready for a table; nothing changes yet.
   * @throws CutoverError GATEWAY_REFUSED when the kernel does not take its rules
   */
  prepare(table: RoutingTable): Promise<void> {
    this.abandon();
    if (!this.#concerns(table)) return Promise.resolve();
    return this.#inTurn(async () => {
      const { instance, tools } = this.#options;
      const plan = await this.#plan(table);
      try {
        await runTool(tools.nft, ["-c", "-f", "-"], ruleset(instance, plan.passages, portsOf(table)));
      } catch (error) {
        throw refused(error);
      }
      this.#pending = { table, plan, nft: startTool(tools.nft, ["-f", "-"]) };
    });
  }

  /**
   * Has the kernel take what `prepare` made ready, in one transaction.
   * @throws CutoverError GATEWAY_REFUSED, and the rules are as they were
   */
  commit(): Promise<void> {
    return this.#inTurn(async () => {
      const pending = this.#pending;
      this.#pending = null;
      if (pending === null) return;
      const { table, plan, nft } = pending;
      try {
        await nft.finish(ruleset(this.#options.instance, plan.passages, portsOf(table)));
      } catch (error) {
        throw refused(error);
      }
      this.#took(table, plan);
    });
  }

  /** Undoes `prepare`. */
  abandon(): void {
    this.#pending?.nft.cancel();
    this.#pending = null;
  }

  /** Has the kernel take a table that is served already. A failure is logged, and workers pass on what comes new. */
  apply(table: RoutingTable): Promise<void> {
    return this.#inTurn(() => this.#set(table));
  }

  /** Takes what the probes say: a target that is down gets nothing new. */
  setDown(target: string, down: boolean): void {
    if (down) this.#down.add(target);
    else this.#down.delete(target);
    if (!this.#places.has(target)) return;
    void this.#inTurn(async () => {
      if (this.#table !== null) await this.#set(this.#table);
    });
  }

  /** Starts drains of targets, or joins those under way; gives the counts of now, later ones are reported. */
  drain(request: DrainRequest): Promise<DrainCount[]> {
    return this.#drains.start(request, (target) => this.#places.get(target) ?? null);
  }

  /** Nothing is looked after any more; the rules stay, for the gateway that comes next. */
  stop(): void {
    if (this.#verifier !== null) clearInterval(this.#verifier);
    this.abandon();
    this.#drains.stop();
  }

  #concerns(table: RoutingTable): boolean {
    return this.#usable && (this.#touched || kernelListeners(table).length > 0);
  }

  async #set(table: RoutingTable): Promise<void> {
    if (!this.#concerns(table)) return;
    const { instance, log } = this.#options;
    const plan = await this.#plan(table);
    try {
      await this.#run(ruleset(instance, plan.passages, portsOf(table)));
      this.#took(table, plan);
    } catch (error) {
      log.error({ err: error }, "the kernel does not take the rules of a table");
      this.#took(table, { passages: [], left: [] });
      await this.#run(ruleset(instance, [], portsOf(table))).catch(() => undefined);
    }
  }

  /** What is to be passed on under a table: nothing where the engine's filters would not let it through. */
  async #plan(table: RoutingTable): Promise<KernelPlan> {
    const wanted = planKernel(table, this.#down);
    const problem = this.#options.proxyProtocol
      ? "clients begin with the PROXY protocol"
      : wanted.passages.length > 0
        ? await this.#passFilters()
        : null;
    const plan: KernelPlan = { passages: [], left: [...wanted.left] };
    for (const passage of wanted.passages) {
      const { listener } = passage;
      const reason = problem ?? (this.#options.bound(listener) ? null : "the gateway does not have its port");
      if (reason === null) plan.passages.push(passage);
      else plan.left.push({ listener, reason });
    }
    return plan;
  }

  /** Sees to our rule in the engine's chain. @returns why that can't be */
  async #passFilters(): Promise<string | null> {
    const { nft } = this.#options.tools;
    try {
      const listing = await runTool(nft, listChain);
      const rule = acceptingRule(this.#options.instance, listing);
      if (rule !== null) await this.#run(rule);
      return null;
    } catch (error) {
      return `the engine's chain ${engineChain} can't be used: ${error instanceof Error ? error.message : ""}`;
    }
  }

  #took(table: RoutingTable, plan: KernelPlan): void {
    const now = performance.now();
    const { log } = this.#options;
    const served = new Set(plan.passages.map(({ listener }) => listener));
    const left = new Map(plan.left.map(({ listener, reason }) => [listener, reason]));
    for (const [listener, reason] of left)
      if (this.#left.get(listener) !== reason)
        log.warn({ listener, reason }, "the gateway passes connections on itself");
    for (const listener of served)
      if (!this.#served.has(listener)) log.info({ listener }, "the kernel passes connections on");
    this.#left = left;
    this.#served = served;
    this.#table = table;
    this.#touched = kernelListeners(table).length > 0;
    this.#remember(plan, table, now);
  }

  #remember(plan: KernelPlan, table: RoutingTable, now: number): void {
    for (const { targets } of plan.passages)
      for (const { id, address, port } of targets) this.#places.set(id, { address, port, leftAt: null });
    const live = new Set(table.backends.flatMap(({ targets }) => targets.map(({ id }) => id)));
    for (const [id, place] of this.#places) {
      if (live.has(id)) continue;
      place.leftAt ??= now;
      if (place.leftAt < now - keepDrainsMs) this.#places.delete(id);
    }
    this.#drains.keep(live);
  }

  async #verify(): Promise<void> {
    const { instance, tools, log } = this.#options;
    if (this.#table === null || this.#served.size === 0) return;
    const isThere = await runTool(tools.nft, ["list", "chain", "ip", tableName(instance), "switch"]).then(
      (text) => text.includes("dnat"),
      () => false,
    );
    if (!isThere) log.warn({}, "the kernel's rules were taken away by others: they are made again");
    if (!isThere || (await this.#passFilters()) !== null) await this.#set(this.#table);
  }

  #run(script: string): Promise<string> {
    return runTool(this.#options.tools.nft, ["-f", "-"], script);
  }
}

const listChain = ["-j", "-a", "list", "chain", ...engineChain.split(" ")];

/**
 * Takes all of an instance's rules out of the kernel. Connections that stand go on where others still have the kernel
 * translate addresses, as the engine does.
 * @throws Error with what the program says
 */
export async function removeKernelRules(instance: string, { nft }: KernelTools): Promise<void> {
  await runTool(nft, ["-f", "-"], withoutRuleset(instance));
  const listing = await runTool(nft, listChain).catch(() => null);
  const script = listing === null ? "" : withoutAcceptingRule(instance, listing);
  if (script !== "") await runTool(nft, ["-f", "-"], script);
}

function portsOf(table: RoutingTable | null): number[] {
  return table === null ? [] : kernelListeners(table).map(({ port }) => port);
}

function refused(cause: unknown): CutoverError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CutoverError("GATEWAY_REFUSED", `the kernel does not take the rules for TCP: ${why}`, { cause });
}
