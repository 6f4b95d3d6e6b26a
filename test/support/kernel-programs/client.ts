/**
 * Short connections without an end, and long ones that talk all the time. Arguments: address, port, number of loops of
 * short ones, number of long ones. Says what happens in JSON lines; times are milliseconds of the monotonic clock.
 */
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [address = "", port = "", loops = "1", longs = "0"] = process.argv.slice(2);

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

async function open(): Promise<{ socket: Socket; words: string[] }> {
  const socket = connect({ host: address, port: Number(port) });
  socket.setTimeout(3_000, () => socket.destroy(new Error("silent")));
  const words = await new Promise<string[]>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("data", (said: Buffer) => resolve(said.toString().trim().split(" ")));
  });
  return { socket, words };
}

async function short(): Promise<void> {
  const from = now();
  try {
    const { socket, words } = await open();
    const to = now();
    socket.destroy();
    await once(socket, "close");
    tell({ type: "short", name: words[0], seen: words[1], from, to });
  } catch (error) {
    tell({ type: "failed", from, reason: String(error) });
  }
}

async function long(index: number): Promise<void> {
  try {
    const { socket, words } = await open();
    tell({ type: "long", index, name: words[0] });
    let echoes = 0;
    socket.on("data", () => (echoes += 1));
    const timer = setInterval(() => socket.write("x"), 50);
    const reason = await new Promise<string>((resolve) => {
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.once("end", () => resolve("end"));
    });
    clearInterval(timer);
    tell({ type: "longEnded", index, name: words[0], at: now(), reason, echoes });
  } catch (error) {
    tell({ type: "failed", from: 0, reason: String(error) });
  }
}

for (let index = 0; index < Number(longs); index += 1) void long(index);
for (let loop = 0; loop < Number(loops); loop += 1) {
  void (async () => {
    for (;;) {
      await short();
      await sleep(2);
    }
  })();
}
