/** Images that hold data or messages: two of them on one volume, or one restarted, is never wanted. */
const stores: Record<string, string> = {
  database:
    "postgres postgresql postgis pgvector timescaledb timescaledb-ha mysql mariadb percona percona-server mongo mongodb " +
    "mongodb-community-server couchdb couchbase cassandra scylla neo4j cockroach yugabyte influxdb influxdb2 clickhouse " +
    "clickhouse-server mssql arangodb rethinkdb surrealdb dgraph questdb rqlite edgedb gel firebird oracle-xe oracle-free " +
    "tidb tikv ferretdb victoria-metrics prometheus",
  cache: "redis redis-stack redis-stack-server valkey keydb dragonfly memcached hazelcast garnet",
  broker:
    "rabbitmq kafka cp-kafka redpanda zookeeper cp-zookeeper nats nats-streaming activemq activemq-classic artemis " +
    "activemq-artemis pulsar mosquitto emqx vernemq nsqd beanstalkd gearmand",
  "search engine":
    "elasticsearch opensearch solr meilisearch typesense zincsearch quickwit manticore weaviate qdrant milvus chroma vespa",
  "object store": "minio seaweedfs garage localstack azurite",
  "key store": "etcd consul vault openbao",
};

const kinds = new Map(
  Object.entries(stores).flatMap(([kind, names]) => names.split(" ").map((name) => [name, kind] as const)),
);

/** Reverse proxies that read containers from the Docker socket: the gateway takes their place. */
const proxies = new Set(["traefik", "nginx-proxy", "caddy-docker-proxy"]);

/**
 * What kind of store an image is known to be, told by the last part of its name: `bitnami/postgresql:16` is a
 * database. Null when it is not known.
 */
export function storeKind(image: string | undefined): string | null {
  return image === undefined ? null : (kinds.get(baseName(image)) ?? null);
}

/** True for an image that is known as a reverse proxy which finds containers by itself. */
export function isDockerProxy(image: string | undefined): boolean {
  return image !== undefined && proxies.has(baseName(image));
}

function baseName(image: string): string {
  const withoutDigest = image.split("@")[0] ?? "";
  return (withoutDigest.split("/").at(-1)?.split(":")[0] ?? "").toLowerCase();
}
