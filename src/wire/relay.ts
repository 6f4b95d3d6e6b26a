import { connect } from "node:net";
import process from "node:process";

/** Connects this process's standard input and output with a unix socket until either side ends. */
export function relay(socketPath: string): void {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  socket.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  socket.on("close", () => process.exit(0));
}
