import { describe, expect, test } from "vitest";
import { requireOwnProjects } from "../../../src/cli/deployment/foreign.ts";
import { serveEngine } from "./engine-server.ts";

const ours = { "dev.cutover.instance": "cutover", "dev.cutover.app": "shop" };

async function look(containers: { name: string; labels: Record<string, string> }[]): Promise<void> {
  await using engine = await serveEngine({
    "/containers/json": (query) => {
      const { label = [] } = JSON.parse(query.get("filters") ?? "{}") as { label?: string[] };
      return containers
        .filter(({ labels }) =>
          label.every((wanted) => Object.entries(labels).some(([k, v]) => `${k}=${v}` === wanted)),
        )
        .map(({ name, labels }) => ({
          Id: name,
          Names: [`/${name}`],
          Labels: labels,
          State: "running",
          Ports: [],
        }));
    },
  });
  await requireOwnProjects(engine.connection, "shop", "cutover", "/srv/shop");
}

const of = (project: string, extra: Record<string, string> = {}) => ({
  name: `${project}-x-1`,
  labels: { "com.docker.compose.project": project, ...extra },
});
const from = (directory: string) => ({ "com.docker.compose.project.working_dir": directory });

describe("an app's names", () => {
  test.each([
    ["nothing is there", []],
    ["the base project was made here", [of("shop", from("/srv/shop"))]],
    ["the colours are Cutover's", [of("shop-blue", ours), of("shop-green", ours)]],
    ["another app is elsewhere", [of("blog", from("/srv/blog"))]],
  ])("are free when %s", async (_, containers) => {
    await expect(look(containers)).resolves.toBeUndefined();
  });

  test.each([
    [
      "a colour's project is another's",
      [of("shop-green", from("/srv/shop"))],
      /shop-green exists/,
      "shop-green-x-1",
    ],
    [
      "it belongs to another installation",
      [of("shop-blue", { ...ours, "dev.cutover.instance": "demo" })],
      /\(demo\)/,
      "shop-blue-x-1",
    ],
    [
      "the base project was made elsewhere",
      [of("shop", from("/home/bob/shop"))],
      /\/home\/bob\/shop/,
      "shop-x-1",
    ],
  ])("are taken when %s", async (_, containers, message, name) => {
    await expect(look(containers)).rejects.toMatchObject({
      code: "APP_FOREIGN",
      message: expect.stringMatching(message),
      details: [`container ${name}`],
    });
  });
});
