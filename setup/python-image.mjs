import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { archives, install, osRelease } from "./apt.mjs";
import { capture } from "./process.mjs";
import { SetupError } from "./say.mjs";

const packages = ["python3", "python3-pip", "python3-flask", "gunicorn", "passwd", "ca-certificates"];

/** An ordinary `RUN pip install` must be allowed, and `python` must be there, as in the official image. */
const customize =
  'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED && ln -s /usr/bin/python3 "$1/usr/local/bin/python" && rm -rf "$1"/var/lib/apt/lists/*';

/** Stand-in for python:3-slim: Python, pip, Flask and gunicorn of the machine's own distribution. */
export const pythonImage = {
  name: "python-3-slim",
  what: "this distribution's Python, pip, Flask and gunicorn; takes a minute the first time",
  source: import.meta.url,
  config: [
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8",
    'CMD ["python3"]',
  ],
  trial: ["sh", "-c", "python -c 'import flask' && pip --version && gunicorn --version"],
  fingerprint: async () => `${osRelease().ID} ${osRelease().VERSION_ID}`,
  write,
};

async function write(tar, directory) {
  const { code } = await capture("mmdebstrap", ["--version"]);
  if (code !== 0) await install(["mmdebstrap"], "to make the stand-in for python:3-slim");
  const sources = await archives();
  if (sources.length === 0)
    throw new SetupError("apt knows no package source of this release; run apt-get update.");
  const list = join(directory, "sources.list");
  await writeFile(list, sources.map(sourceLine).join("\n"));
  const excluded = ["doc", "man", "locale", "info"].map(
    (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
  );
  const args = [
    "--variant=essential",
    `--include=${packages.join(",")}`,
    ...excluded,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    `--customize-hook=${customize}`,
    osRelease().VERSION_CODENAME,
    tar,
    list,
  ];
  const made = await capture("mmdebstrap", args);
  if (made.code !== 0) {
    throw new SetupError(`mmdebstrap failed:\n${made.stderr.trim().split("\n").slice(-8).join("\n")}`);
  }
}

function sourceLine({ uri, release, component, keyring }) {
  return `deb [signed-by=${keyring}] ${uri} ${release} ${component}`;
}
