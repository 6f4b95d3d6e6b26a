import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { install } from "./apt.mjs";
import { projectNode } from "./node.mjs";
import { capture } from "./process.mjs";
import { SetupError } from "./say.mjs";

/** As the official image's entry point: arguments that are no program are node's. */
const entrypoint = `#!/bin/sh
set -e
if [ "\${1#-}" != "\${1}" ] || [ -z "$(command -v "\${1}")" ]; then
  set -- node "$@"
fi
exec "$@"
`;

/** Stand-in for node:24-slim: the project's own Node with its libraries, busybox as shell and tools, user `node`. */
export const nodeImage = {
  name: "node-24-slim",
  what: "the project's own Node, its libraries and busybox; no npm",
  source: import.meta.url,
  config: [
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    'ENTRYPOINT ["docker-entrypoint.sh"]',
    'CMD ["node"]',
  ],
  trial: ["sh", "-c", "id node && node -e 'if (!(parseInt(process.versions.node) >= 24)) process.exit(1)'"],
  fingerprint: async () => (await capture(await projectNode(), ["--version"])).stdout,
  write,
};

async function write(tar, directory) {
  const files = join(directory, "files");
  const into = (path) => join(files, path);
  for (const path of [
    "bin",
    "usr/local/bin",
    "etc/ssl/certs",
    "tmp",
    "root",
    "home/node",
    "proc",
    "sys",
    "dev",
  ]) {
    await mkdir(into(path), { recursive: true });
  }
  await chmod(into("tmp"), 0o1777);
  const node = await projectNode();
  await copyFile(node, into("usr/local/bin/node"));
  await capture("strip", ["--strip-all", into("usr/local/bin/node")]);
  for (const library of await libraries(node)) {
    await mkdir(dirname(into(library)), { recursive: true });
    await copyFile(await realpath(library), into(library));
  }
  await addBusybox(into("bin"));
  await writeFile(into("usr/local/bin/docker-entrypoint.sh"), entrypoint, { mode: 0o755 });
  await writeFile(
    into("etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n",
  );
  await writeFile(into("etc/group"), "root:x:0:\nnode:x:1000:\n");
  await writeFile(into("etc/nsswitch.conf"), "hosts: files dns\n");
  const certificates = "/etc/ssl/certs/ca-certificates.crt";
  if (existsSync(certificates)) await copyFile(certificates, into(certificates));
  await pack(tar, ["--owner=0", "--group=0", "--exclude=./home/node", "-cf"], files, ".");
  await pack(tar, ["--owner=1000", "--group=1000", "-rf"], files, "./home/node");
}

async function pack(tar, options, files, path) {
  const { code, stderr } = await capture("tar", ["--numeric-owner", "-C", files, ...options, tar, path]);
  if (code !== 0) throw new SetupError(`tar failed: ${stderr.trim()}`);
}

/** What the program is linked with, and what glibc loads by itself to resolve names. */
async function libraries(program) {
  const { code, stdout, stderr } = await capture("ldd", [program]);
  if (code !== 0) throw new SetupError(`ldd ${program} failed: ${stderr.trim()}`);
  const linked = [...stdout.matchAll(/(?:=> )?(\/[^ ]+) \(0x/g)].map((match) => match[1]);
  const libc = linked.find((path) => path.endsWith("/libc.so.6"));
  const resolvers = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"].map((name) =>
    join(dirname(libc), name),
  );
  return [...new Set([...linked, ...resolvers.filter(existsSync)])];
}

async function addBusybox(bin) {
  const candidates = ["/usr/bin/busybox", "/bin/busybox"];
  const isStatic = async (path) => existsSync(path) && (await capture("ldd", [path])).code !== 0;
  const find = async () => {
    for (const path of candidates) if (await isStatic(path)) return path;
    return null;
  };
  if (!(await find())) await install(["busybox-static"], "to give the stand-in for node:24-slim a shell");
  const busybox = await find();
  if (!busybox) throw new SetupError("busybox-static brought no static busybox.");
  await copyFile(busybox, join(bin, "busybox"));
  const { stdout } = await capture(busybox, ["--list"]);
  const applets = stdout.split("\n").filter((name) => name && name !== "busybox");
  await Promise.all(applets.map((name) => symlink("busybox", join(bin, name))));
}
