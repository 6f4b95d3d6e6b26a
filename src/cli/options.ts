/** Options that deploy and rollback share. */
export interface DeploymentOptions {
  detach: boolean;
  /** Milliseconds; null leaves it to the app's settings. */
  timeoutMs: number | null;
  /** Milliseconds; 0 is refused at once when another deployment is under way. */
  waitLockMs: number;
}

/** Of `deploy`. */
export interface DeployOptions extends DeploymentOptions {
  /** Only these get a new image; all when empty. */
  services: string[];
  build: boolean;
  pull: "always" | "missing" | "never";
  plan: boolean;
  force: boolean;
  scale: Record<string, number>;
}

/** Of `rollback`. */
export interface RollbackOptions extends DeploymentOptions {
  /** Null takes the release that was live before. */
  release: number | null;
}
