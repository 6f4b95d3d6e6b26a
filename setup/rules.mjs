/**
 * The rooms of src/ and which others each may import, in the order of docs/design/architecture.md: every room stands
 * below all that it imports.
 */
export const rooms = {
  model: [],
  wire: ["model"],
  observe: ["model"],
  compose: ["model", "observe"],
  deploy: ["model", "observe", "compose"],
  engine: ["model", "wire", "observe", "compose", "deploy"],
  labels: ["model"],
  balancers: ["model", "wire", "observe", "deploy"],
  gateway: ["model", "wire", "observe"],
  install: ["model", "wire", "observe", "compose", "deploy", "engine", "balancers"],
  control: ["model", "wire", "observe", "compose", "deploy", "engine", "labels", "balancers", "install"],
  cli: [
    "model",
    "wire",
    "observe",
    "compose",
    "deploy",
    "engine",
    "labels",
    "balancers",
    "install",
    "control",
  ],
};

/** Folders beside src/ and what each may import of the project; tests may import all. */
export const folders = {
  src: ["src"],
  setup: ["setup"],
  examples: ["examples"],
  tools: ["tools", "src/model", "src/observe"],
  bench: ["bench", "tools", "src", "test/support"],
};

/** Files that take time and everything else from outside as values. */
export const pureFiles = [
  "src/model/*.ts",
  "src/observe/{histogram,receipt}.ts",
  "src/compose/{app,app-definition,base-project,colour-networks,colour-project,compose-model,dollar}.ts",
  "src/compose/{hook-service,images,nearest,policy,policy-check,policy-words,refusals,roles,routing,service-labels,service-name,warnings}.ts",
  "src/deploy/{machine,ports,record,targets}.ts",
  "src/gateway/http1/*.ts",
  "src/gateway/{claim-outcome,claims,destination,drain-count,host,request-stats,stats,table-check}.ts",
  "src/gateway/proxy/{body,byte-store,compose-request,connect-reason,event-border,frame-tracker,head-facts}.ts",
  "src/gateway/proxy/{own-chunks,rewrite-response,sent-request}.ts",
  "src/gateway/routing/{address-block,byte-key,client-place,condition,condition-check,fields,find,find-text}.ts",
  "src/gateway/routing/{listener-routes,match,open-table,policy-check,prefix,query,stream-routes,table}.ts",
  "src/gateway/balance/*.ts",
  "src/gateway/edge/{accept,address-text,client-identity,client-limits,data-rate,error-log,forwarded-field}.ts",
  "src/gateway/edge/{json-bytes,log-line,log-memory,page-text,proxy-protocol}.ts",
  "src/gateway/kernel/{entries,plan,ruleset,shares}.ts",
  "src/gateway/stream/{server-name,stream-report}.ts",
  "src/gateway/{target-state,worker-targets}.ts",
  "src/gateway/transport/address.ts",
  "src/gateway/primary/{leases,targets-status}.ts",
  "src/control/{app-lock,rollback-target,summaries,target-set}.ts",
  "src/cli/render/{error,history,log-lines,plain,progress-lines,quantity,receipt,status}.ts",
  "tools/load/{latency,monotony,report}.ts",
  "bench/dataplane/{aims,markdown,routes,summary,table,text}.ts",
  "bench/soak/{leaks,text}.ts",
];

/** Names of the surroundings that a pure file may not use. */
export const impureNames = new Set([
  "process",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "console",
  "crypto",
  "require",
]);

/** Members that a pure file may not use; `Date()` and `new Date()` without a value are refused too. */
export const impureMembers = new Set(["Date.now", "Math.random"]);

export const maximumLines = 400;
