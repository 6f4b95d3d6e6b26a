/** A case where the gateway's parser and llhttp in its strict mode are meant to differ. */
export interface Difference {
  of: "request" | "response" | "both";
  /** What is found: `refuses:` with the gateway's reason, or how the two readings of an accepted message differ. */
  finds: string;
  /** What the message looks like, where the finding alone says too little. */
  when?: RegExp;
  why: string;
}

export const differences: readonly Difference[] = [];
