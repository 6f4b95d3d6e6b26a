import { describe, expect, it } from "vitest";
import { ClientList, type ListedClient } from "../../../../src/gateway/proxy/client-list.ts";
import type { Entrance } from "../../../../src/gateway/proxy/entrance.ts";

const entrance = {} as Entrance;

class Client implements ListedClient {
  next: ListedClient | null = null;
  previous: ListedClient | null = null;
  ticks = 0;
  readonly list: ClientList;
  readonly entrance: Entrance;
  idleSince: number;

  constructor(list: ClientList, idleSince: number, by = entrance) {
    this.list = list;
    this.idleSince = idleSince;
    this.entrance = by;
    list.add(this);
  }

  tick(): void {
    this.ticks += 1;
  }

  closeWhenIdle(): void {
    if (this.idleSince >= 0) this.list.remove(this);
  }
}

describe("a list of clients", () => {
  it("lets each go once, wherever it stands, and tells when none is left", async () => {
    const list = new ClientList();
    const clients = [1, 2, 3, 4].map((since) => new Client(list, since));
    const [first, second, third, last] = clients as [Client, Client, Client, Client];
    const empty = list.empty();
    for (const client of [second, last, first]) {
      expect(list.remove(client)).toBe(true);
      expect(list.remove(client)).toBe(false);
    }
    list.tick(0);
    expect(clients.map(({ ticks }) => ticks)).toEqual([0, 0, 1, 0]);
    expect(list.count).toBe(1);
    list.remove(third);
    await empty;
    await list.empty();
  });

  it("makes room by the one that has been idle for longest, and never by a busy one", () => {
    const list = new ClientList();
    const late = new Client(list, 30);
    const busy = new Client(list, -1);
    const early = new Client(list, 10);
    const middle = new Client(list, 20);
    const has = (client: Client) => {
      const isThere = list.remove(client);
      if (isThere) list.add(client);
      return isThere;
    };
    list.makeRoom(100);
    expect([late, busy, early, middle].map(has)).toEqual([true, true, false, true]);
    // It has had a request since the last look: the next one goes.
    middle.idleSince = 101;
    list.makeRoom(100);
    expect([late, busy, middle].map(has)).toEqual([false, true, true]);
    list.makeRoom(100);
    expect([busy, middle].map(has)).toEqual([true, true]);
    list.makeRoom(200);
    expect([busy, middle].map(has)).toEqual([true, false]);
    list.makeRoom(300);
    expect(list.count).toBe(1);
  });

  it("ends the idle ones of an entrance, or of all", () => {
    const list = new ClientList();
    const other = {} as Entrance;
    const clients = [new Client(list, 1), new Client(list, -1), new Client(list, 1, other)];
    list.closeIdle(entrance);
    expect(list.count).toBe(2);
    list.closeIdle(null);
    expect(list.count).toBe(1);
    expect(list.remove(clients[1] as Client)).toBe(true);
  });
});
