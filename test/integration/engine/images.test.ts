import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineConnection } from "../../../src/engine/connection.ts";
import { createContainer } from "../../../src/engine/containers.ts";
import { resolveEndpoint } from "../../../src/engine/endpoint.ts";
import { importImage, inspectImage, listImages, removeImage, tagImage } from "../../../src/engine/images.ts";
import { ensureVolume, inspectVolume, listVolumes, removeVolume } from "../../../src/engine/volumes.ts";
import { rootArchive } from "../../../src/install/root-archive.ts";
import { label } from "../../../src/model/labels.ts";
import { type TestInstance, testInstance } from "../../support/instance.ts";

describe("images and volumes", () => {
  let connection: EngineConnection;
  let instance: TestInstance;

  beforeEach(async () => {
    connection = await EngineConnection.open(resolveEndpoint({ env: process.env }));
    instance = await testInstance();
  });

  afterEach(async () => {
    await instance[Symbol.asyncDispose]();
    await connection[Symbol.asyncDispose]();
  });

  function importTiny(tag: string): Promise<void> {
    const archive = rootArchive([{ path: "/note", mode: 0o644, content: Buffer.from(tag) }]);
    return importImage(connection, archive, `${instance.name}/tiny`, tag, {
      changes: [`LABEL ${label.instance}=${instance.name}`],
    });
  }

  test("an image is imported, named, kept while it is used, and removed with its last name", async () => {
    const repository = `${instance.name}/tiny`;
    await importTiny("1");
    await tagImage(connection, `${repository}:1`, repository, "kept");
    const image = await inspectImage(connection, `${repository}:kept`);
    expect(image?.tags.toSorted()).toEqual([`${repository}:1`, `${repository}:kept`]);
    expect(await listImages(connection, { [label.instance]: instance.name })).toMatchObject([
      { id: image?.id },
    ]);

    await createContainer(connection, `${instance.name}-user`, {
      Image: `${repository}:1`,
      Cmd: ["/none"],
      Labels: { [label.instance]: instance.name },
    });
    expect(await removeImage(connection, `${repository}:kept`)).toBe(true);
    expect(await removeImage(connection, `${repository}:1`)).toBe(false);
    expect(await inspectImage(connection, `${repository}:1`)).not.toBeNull();
  });

  test("a missing image can't be named, and a bad archive is the engine's error", async () => {
    await expect(tagImage(connection, `${instance.name}/none:1`, "a", "b")).rejects.toMatchObject({
      code: "IMAGE_MISSING",
    });
    const broken = Readable.from([Buffer.alloc(2_048, "x")], { objectMode: false });
    await expect(
      importImage(connection, broken, `${instance.name}/broken`, "1", { changes: [] }),
    ).rejects.toMatchObject({ code: "ENGINE_ERROR" });
  });

  test("a volume is made once and removed once", async () => {
    const name = `${instance.name}-data`;
    const labels = { [label.instance]: instance.name };
    const volume = await ensureVolume(connection, name, labels);
    expect(await ensureVolume(connection, name, {})).toEqual(volume);
    expect(await inspectVolume(connection, name)).toEqual({
      name,
      labels,
      mountpoint: expect.stringContaining(name),
    });
    expect(await listVolumes(connection, labels)).toEqual([volume]);
    expect(await removeVolume(connection, name)).toBe(true);
    expect(await removeVolume(connection, name)).toBe(false);
    expect(await inspectVolume(connection, name)).toBeNull();
  });
});
