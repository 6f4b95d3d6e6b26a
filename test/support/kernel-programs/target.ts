/** A TCP server: says its name, then answers with what it hears. Arguments: name, address, port. */
import { createServer } from "node:net";

const [name = "", address = "", port = ""] = process.argv.slice(2);

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.write(`${name} ${socket.remoteAddress}\n`);
  socket.pipe(socket);
});
server.listen(Number(port), address, () => process.stdout.write("ready\n"));
