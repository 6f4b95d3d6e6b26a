import { type AddressInfo, createServer, type Server } from "node:net";
import { Block } from "./block.ts";
import { createRawTransport } from "./raw.ts";
import { type Connection, type Endpoint, type Transport, Written } from "./transport.ts";

const limitMs = 1_000;
const smallSize = 100;
const blockSize = 65_536;
/** Blocks of which the kernel does not take all at once: 64 MiB. */
const enoughBlocks = 1_024;
const address = "127.0.0.1";

/**
 * Why the raw transport can't be used here, or null when it can: real connections over the loopback are made, written,
 * read, ended and reset. Takes a second at most, and leaves nothing behind.
 */
export async function testRaw(): Promise<string | null> {
  let server: Server | null = null;
  let timer: NodeJS.Timeout | undefined;
  const probes: Probe[] = [];
  const thrown = Promise.withResolvers<never>();
  thrown.promise.catch(() => undefined);
  // What is thrown within a callback of a handle can't be caught in another way.
  const captures = !process.hasUncaughtExceptionCaptureCallback();
  if (captures) process.setUncaughtExceptionCaptureCallback((error) => thrown.reject(error));
  try {
    const transport = createRawTransport();
    const listening = createServer();
    server = listening;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it took more than ${limitMs} ms`)), limitMs);
    });
    await Promise.race([run(transport, listening, probes), tooLate, thrown.promise]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
    try {
      for (const probe of probes) probe.connection?.close();
      server?.close();
    } catch {
      // What can't be closed can't be used either: the outcome says so already.
    }
    if (captures) process.setUncaughtExceptionCaptureCallback(null);
  }
}

async function run(transport: Transport, server: Server, probes: Probe[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const waiting: ((probe: Probe) => void)[] = [];
  transport.accept(server, (connection) => {
    const probe = new Probe(connection);
    probes.push(probe);
    waiting.shift()?.(probe);
    return probe;
  });
  const pair = async () => {
    const accepted = new Promise<Probe>((resolve) => waiting.push(resolve));
    const outgoing = new Probe(null);
    probes.push(outgoing);
    outgoing.connection = transport.connect(address, port, outgoing);
    await outgoing.until("it does not connect", () => outgoing.stands);
    return { outgoing, accepted: await accepted };
  };

  const first = await pair();
  await smallEcho(first.outgoing, first.accepted);
  await bigWrite(first.outgoing, first.accepted);
  await bigWrite(first.accepted, first.outgoing);
  await halfClose(first.outgoing, first.accepted);
  const second = await pair();
  await reset(second.accepted, second.outgoing);
  const another = await pair();
  await reset(another.outgoing, another.accepted);
  const third = await pair();
  third.accepted.use().pause();
  third.outgoing.fill();
  third.outgoing.use().close();
  await third.accepted.until("a closed connection is not told", () => {
    third.accepted.use().resume();
    return third.accepted.hasEnded || third.accepted.failure !== "";
  });
  await third.outgoing.until("a block is not given back at close", () => third.outgoing.block.lent === 0);
}

async function smallEcho(outgoing: Probe, accepted: Probe): Promise<void> {
  expect(outgoing.use().remoteAddress() === address, "the address of the peer is not known");
  expect(accepted.use().remotePort() === outgoing.use().localPort(), "the port of the peer is not known");
  for (const [from, to] of [
    [outgoing, accepted],
    [accepted, outgoing],
  ] as const) {
    expect(from.send(smallSize) === Written.done, "a small write does not finish at once");
    await to.until("a small write does not arrive", () => to.size === smallSize);
    to.forget();
  }
}

async function bigWrite(from: Probe, to: Probe): Promise<void> {
  to.use().pause();
  const size = from.fill();
  expect(from.block.lent === 1, "a large write does not lend its block");
  to.use().resume();
  await to.until("a large write does not arrive", () => to.size === size);
  await from.until("the end of a large write is not told", () => from.hasDrained);
  expect(from.block.lent === 0, "a block is not given back");
  to.forget();
}

async function halfClose(outgoing: Probe, accepted: Probe): Promise<void> {
  outgoing.use().end();
  await accepted.until("the end of a direction is not told", () => accepted.hasEnded);
  expect(accepted.send(smallSize) === Written.done, "a half-closed connection can't be written");
  accepted.use().end();
  await outgoing.until("the end of a connection is not told", () => outgoing.hasEnded);
  expect(outgoing.size === smallSize, "a half-closed connection loses bytes");
}

async function reset(from: Probe, to: Probe): Promise<void> {
  from.use().reset();
  await to.until("a reset is not told", () => to.failure !== "" || to.hasEnded);
  expect(to.failure === "ECONNRESET", `a reset is told as ${to.failure || "an end"}`);
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** Sends and takes blocks of bytes of which each tells its place. */
class Probe implements Endpoint {
  connection: Connection | null;
  readonly block = new Block(blockSize);
  stands = false;
  hasEnded = false;
  hasDrained = false;
  failure = "";
  size = 0;
  #check: (() => void) | null = null;

  constructor(connection: Connection | null) {
    this.connection = connection;
    for (let i = 0; i < blockSize; i++) this.block.readable[i] = i % 251;
  }

  use(): Connection {
    if (this.connection === null) throw new Error("there is no connection");
    return this.connection;
  }

  send(size: number): Written {
    return this.use().write(this.block, this.block.start, this.block.start + size);
  }

  /** Writes until the kernel takes no more. @returns the bytes written or queued */
  fill(): number {
    this.hasDrained = false;
    for (let blocks = 1; blocks <= enoughBlocks; blocks++) {
      const written = this.send(blockSize);
      if (written === Written.queued) return blocks * blockSize;
      expect(written === Written.done, "a large write is refused");
    }
    throw new Error("a large write is not queued");
  }

  forget(): void {
    this.size = 0;
  }

  /** Resolves when it holds; looks after each event. */
  until(otherwise: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#check = () => {
        if (holds()) resolve();
        else if (this.failure !== "") reject(new Error(`${otherwise}: ${this.failure}`));
        else return;
        this.#check = null;
      };
      this.#check();
    });
  }

  connected(): void {
    this.stands = true;
    this.#check?.();
  }

  received(block: Block, start: number, end: number): void {
    for (let i = start; i < end; i += 61) {
      if (block.bytes[i] !== ((this.size + i - start) % blockSize) % 251)
        this.failure = "other bytes than were sent";
    }
    this.size += end - start;
    this.#check?.();
  }

  ended(): void {
    this.hasEnded = true;
    this.#check?.();
  }

  drained(): void {
    this.hasDrained = true;
    this.#check?.();
  }

  refused(): void {
    this.failure = "refused";
    this.#check?.();
  }

  failed(code: string): void {
    this.failure = code;
    this.#check?.();
  }
}
