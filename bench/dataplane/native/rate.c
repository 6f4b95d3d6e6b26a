/*
 * rate PORT REQUESTS RATE CONNECTIONS SECONDS: requests at fixed times, whether the last were answered or not (an open
 * loop). REQUESTS is a file with requests without bodies, one after the other, that are sent in turn. Latency counts
 * from the time at which a request was due, so that a stall of the server counts for every request that it delayed.
 * Prints one JSON object.
 */
#include "tool.h"

#include <sys/prctl.h>

enum { most_requests = 1024, head_size = 4096, drain_ns = 2000000000 };

struct connection {
  int fd;
  int64_t due;
  size_t head_have;
  /* Bytes of the answer's body still to come; -1 while the head is not whole. */
  long body_left;
  char head[head_size + 1];
};

static const char *requests[most_requests];
static size_t lengths[most_requests];
static size_t request_count;

static void read_requests(const char *path) {
  static char text[1 << 20];
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  for (const char *at = text; request_count < most_requests; request_count += 1) {
    size_t one = head_length(at, text + length - at);
    if (one == 0) break;
    requests[request_count] = at;
    lengths[request_count] = one;
    at += one;
  }
  if (request_count == 0) {
    fprintf(stderr, "%s holds no request\n", path);
    exit(1);
  }
}

/* Takes part of an answer. 1: it is whole; 0: more has to come; -1: it is no answer with status 200. */
static int take(struct connection *c, const char *bytes, size_t length) {
  if (c->body_left < 0) {
    size_t room = head_size - c->head_have, copied = length < room ? length : room;
    memcpy(c->head + c->head_have, bytes, copied);
    size_t before = c->head_have;
    c->head_have += copied;
    size_t head = head_length(c->head, c->head_have);
    if (head == 0) return c->head_have == head_size ? -1 : 0;
    if (memcmp(c->head, "HTTP/1.1 200", 12) != 0) return -1;
    c->head[head] = 0;
    c->body_left = content_length(c->head) - (long)(length - (head - before));
  } else {
    c->body_left -= length;
  }
  return c->body_left <= 0;
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  int port = atoi(arguments[1]), number = atoi(arguments[4]);
  double rate = atof(arguments[3]), seconds = atof(arguments[5]);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  read_requests(arguments[2]);
  size_t planned = (size_t)(rate * seconds), sent = 0, done = 0, failed = 0, free_count = 0;
  struct connection *all = calloc(number, sizeof *all);
  int *unused = malloc(number * sizeof *unused);
  int64_t *latencies = malloc((planned + 1) * sizeof *latencies);
  int poll_fd = epoll_create1(0);
  for (int i = 0; i < number; i += 1) {
    all[i].fd = connect_to(port);
    watch(poll_fd, EPOLL_CTL_ADD, all[i].fd, EPOLLIN, i);
    unused[free_count++] = i;
  }
  static char bytes[1 << 18];
  struct epoll_event events[256];
  double interval = 1e9 / rate;
  int64_t begin = now_ns(), last = begin + (int64_t)(planned * interval);
  while (done + failed < planned) {
    int64_t now = now_ns();
    if (now > last + drain_ns) break;
    while (free_count > 0 && sent < planned && begin + (int64_t)(sent * interval) <= now) {
      struct connection *c = &all[unused[--free_count]];
      size_t which = sent % request_count;
      c->due = begin + (int64_t)(sent * interval);
      c->body_left = -1;
      c->head_have = 0;
      sent += 1;
      if (write(c->fd, requests[which], lengths[which]) != (ssize_t)lengths[which]) {
        failed += 1;
      }
    }
    int64_t wait = sent < planned && free_count > 0 ? begin + (int64_t)(sent * interval) - now_ns() : 1000000;
    if (wait < 0) wait = 0;
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    int ready = epoll_pwait2(poll_fd, events, 256, &timeout, NULL);
    for (int i = 0; i < ready; i += 1) {
      int index = events[i].data.u32;
      struct connection *c = &all[index];
      ssize_t got = read(c->fd, bytes, sizeof bytes);
      int taken = got <= 0 ? -1 : take(c, bytes, got);
      if (taken == 0) continue;
      if (taken < 0) {
        /* A connection that failed gives way to a new one, so that the rate can be kept. */
        failed += 1;
        close(c->fd);
        c->fd = connect_to(port);
        watch(poll_fd, EPOLL_CTL_ADD, c->fd, EPOLLIN, index);
      } else {
        latencies[done++] = now_ns() - c->due;
      }
      unused[free_count++] = index;
    }
  }
  double took = (now_ns() - begin) / 1e9;
  printf("{\"requests\":%zu,\"seconds\":%.6f,\"errors\":%zu,", done, took, planned - done);
  print_latencies(latencies, done);
  printf("}\n");
}
