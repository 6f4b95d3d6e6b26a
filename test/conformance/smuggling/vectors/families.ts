import { chunks, endings, trailers } from "./chunks.ts";
import { spellings, teTe, underscores } from "./codings.ts";
import { bytesInHeads, folding, hosts, terminators, versions } from "./heads.ts";
import { connection, expectations } from "./hops.ts";
import { clTe, clZero, teCl, teZero, zeroCl } from "./lengths.ts";
import type { Family } from "./vector.ts";

/** Known ways to make two servers see different requests in the same bytes. */
export const families: Family[] = [
  clTe,
  teCl,
  teTe,
  spellings,
  underscores,
  clZero,
  zeroCl,
  teZero,
  chunks,
  endings,
  trailers,
  terminators,
  folding,
  bytesInHeads,
  hosts,
  versions,
  expectations,
  connection,
];
