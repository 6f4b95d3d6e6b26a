import type { Backend, Route, StreamRoute } from "../../model/route.ts";

/** A route with the backend that it leads to, and what the table's owner keeps for it. One object for a route. */
export interface Match<B, R extends Route | StreamRoute = Route | StreamRoute> {
  readonly route: R;
  readonly backend: Backend;
  readonly state: B;
}
