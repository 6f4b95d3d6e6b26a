import { defineConfig } from "vitest/config";

/** The rules of the protocols at the gateway process, once for each way that it handles connections. */
function conformance(name: string, transport: "raw" | "net", groupOrder: number) {
  return {
    test: {
      name,
      include: ["test/conformance/**/*.test.ts"],
      env: { CUTOVER_GATEWAY_TRANSPORT: transport },
      testTimeout: 30_000,
      hookTimeout: 60_000,
      fileParallelism: false,
      sequence: { groupOrder },
    },
  };
}

/** Files of one project run beside each other or one by one; groups run one after another. */
export default defineConfig({
  test: {
    allowOnly: !process.env.CI,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.{ts,mjs}", "test/property/**/*.test.ts"],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/contract/**/*.test.ts", "test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      conformance("conformance", "raw", 2),
      conformance("conformance-net", "net", 3),
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 900_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
