/**
 * A database of one number. Like a real one it owns its volume: a second process on the same data ends with an
 * error instead of corrupting it.
 */
const { readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { connect, createServer: createSocketServer } = require("node:net");

const directory = process.env.DATA ?? "/data";
const file = `${directory}/data.json`;
const lock = `${directory}/lock.sock`;

function read() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return { visits: 0, starts: 0 };
    throw error;
  }
}

function write(data) {
  writeFileSync(`${file}.tmp`, JSON.stringify(data));
  renameSync(`${file}.tmp`, file);
}

/** The lock is a socket that its holder listens on: it ends with its holder, however that ends. */
function takeLock(then) {
  const holder = connect(lock);
  holder.on("connect", () => {
    console.error(`another database runs on ${directory}: two on the same data would destroy it`);
    process.exit(1);
  });
  holder.on("error", () => {
    rmSync(lock, { force: true });
    createSocketServer().listen(lock, then);
  });
}

takeLock(() => {
  const data = read();
  data.starts += 1;
  write(data);
  const server = createServer((request, response) => {
    if (request.method === "POST" && request.url === "/visits") {
      data.visits += 1;
      write(data);
    }
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify(data)}\n`);
  });
  server.listen(5000, () => console.log(`database with ${data.visits} visits, started ${data.starts} times`));
  process.on("SIGTERM", () => process.exit(0));
});
