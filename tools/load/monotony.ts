import type { RequestRecord } from "./record.ts";

/** An answer of an older version than one that had been received before the request was sent. */
export interface Regression {
  kind: string;
  connection: number;
  version: string;
  /** Version that had already answered. */
  after: string;
  /** Microseconds from that answer to this request. */
  lateBy: number;
  start: number;
}

interface Answered {
  record: RequestRecord;
  version: string;
  head: number;
  /** Furthest phase proven when the request was sent. */
  reachedAtStart: number;
}

/**
 * Requests that were answered by a version older than one already seen when they were sent. `order` is the expected
 * succession of versions, in which one may come again (1, 2, 1 for a rollback); null takes each version's first
 * answer. Requests that overlap may be answered in either order.
 */
export function regressions(
  records: readonly RequestRecord[],
  order: readonly string[] | null,
): Regression[] {
  const answered: Answered[] = [];
  for (const record of records) {
    if (record.version === null || record.head === null) continue;
    answered.push({ record, version: record.version, head: record.head, reachedAtStart: 0 });
  }
  const byHead = [...answered].sort((a, b) => a.head - b.head);
  const byStart = [...answered].sort((a, b) => a.record.start - b.record.start);
  const phases = order ?? [...new Set(byHead.map((answer) => answer.version))];
  const found: Regression[] = [];
  let reached = 0;
  let reachedAt = 0;
  let sent = 0;
  const markSent = (until: number) => {
    for (let next = byStart[sent]; next && next.record.start <= until; next = byStart[sent]) {
      next.reachedAtStart = reached;
      sent += 1;
    }
  };
  for (const { record, version, head, reachedAtStart } of withSnapshots(byHead, markSent)) {
    const phase = phases.indexOf(version, reachedAtStart);
    if (phase < 0) {
      found.push({
        kind: record.kind,
        connection: record.connection,
        version,
        after: phases[reachedAtStart] ?? "",
        lateBy: record.start - reachedAt,
        start: record.start,
      });
    } else if (phase > reached) {
      reached = phase;
      reachedAt = head;
    }
  }
  return found;
}

/** Before each answer, every request sent until then is given what had been proven. */
function* withSnapshots(byHead: readonly Answered[], markSent: (until: number) => void): Generator<Answered> {
  for (const answer of byHead) {
    markSent(answer.head);
    yield answer;
  }
}
