/* What the bench's tools have in common: time, sockets, and the few words of HTTP/1.1 that they understand. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static inline void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* A blocking connection to a port of the loopback; ends the program when there is none. */
static inline int connect_to(int port) {
  struct sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  no_delay(fd);
  return fd;
}

static inline void watch(int poll, int operation, int fd, uint32_t events, uint32_t tag) {
  struct epoll_event event = {.events = events, .data.u32 = tag};
  if (epoll_ctl(poll, operation, fd, &event) < 0) die("epoll_ctl");
}

/* Length of a head with its empty line, or 0 when it is not whole. */
static inline size_t head_length(const char *bytes, size_t length) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  return end ? (size_t)(end - bytes) + 4 : 0;
}

/* Begin of the value of a field in a head that ends with NUL, or NULL. `field` is "\r\nname:". */
static inline const char *field_value(const char *head, const char *field) {
  const char *at = strcasestr(head, field);
  if (!at) return NULL;
  at += strlen(field);
  while (*at == ' ' || *at == '\t') at += 1;
  return at;
}

static inline long content_length(const char *head) {
  const char *value = field_value(head, "\r\ncontent-length:");
  return value ? atol(value) : 0;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Prints `"p50":…,"p99":…,"p999":…,"max":…` of latencies in nanoseconds as milliseconds; sorts them. */
static inline void print_latencies(int64_t *latencies, size_t count) {
  static const struct { const char *name; double share; } wanted[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
  qsort(latencies, count, sizeof *latencies, ascending);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i += 1) {
    size_t rank = (size_t)(wanted[i].share * count);
    printf("\"%s\":%.4f,", wanted[i].name, count ? latencies[rank < count ? rank : count - 1] / 1e6 : 0);
  }
  printf("\"max\":%.4f", count ? latencies[count - 1] / 1e6 : 0);
}
