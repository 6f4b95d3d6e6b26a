import { installQuietly, missingPackages } from "./programs.mjs";
import { SetupError, say } from "./say.mjs";

/** Servers and clients of other makers that the gateway's conformance is tested with. */
const testServers = [
  { trial: ["nginx", "-v"], packages: ["nginx"] },
  { trial: ["haproxy", "-v"], packages: ["haproxy"] },
  { trial: ["gunicorn", "--version"], packages: ["gunicorn"] },
  {
    trial: ["/usr/bin/python3", "-c", "import websockets"],
    packages: ["python3-websockets"],
    mustSucceed: true,
  },
];

/** Brings the servers where that is possible; elsewhere the tests that need one that is missing are skipped. */
export async function ensureTestServers() {
  const missing = await missingPackages(testServers);
  if (missing.length === 0) return;
  try {
    await installQuietly(missing, "for the conformance tests of the gateway");
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${missing.join(", ")} can't be installed: tests with it are skipped. ${error.message}`);
  }
}
