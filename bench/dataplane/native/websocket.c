/*
 * websocket PORT HOST CONNECTIONS SECONDS BYTES: WebSockets, each of which sends a message, waits until it has come back
 * and sends the next. Prints one JSON object.
 */
#include "tool.h"

enum { most_bytes = 125, input_size = 8192 };

struct connection {
  int fd;
  int64_t sent_at;
  size_t have;
  char input[input_size];
};

/* A text frame with a mask (RFC 6455 section 5.2); gives its length. */
static size_t make_frame(unsigned char *frame, size_t bytes) {
  static const unsigned char mask[4] = {1, 2, 3, 4};
  frame[0] = 0x81;
  frame[1] = 0x80 | bytes;
  memcpy(frame + 2, mask, 4);
  for (size_t i = 0; i < bytes; i += 1) frame[6 + i] = 'w' ^ mask[i & 3];
  return bytes + 6;
}

static void open_web_socket(struct connection *c, int port, const char *host) {
  char text[1024];
  int length = snprintf(text, sizeof text,
                        "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        host);
  c->fd = connect_to(port);
  if (write(c->fd, text, length) != length) die("write");
  size_t have = 0;
  while (head_length(text, have) == 0) {
    ssize_t got = read(c->fd, text + have, sizeof text - have);
    if (got <= 0) die("no answer to an upgrade");
    have += got;
  }
  if (memcmp(text, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "%.*s\n", (int)have, text);
    exit(1);
  }
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  int port = atoi(arguments[1]), number = atoi(arguments[3]);
  double seconds = atof(arguments[4]);
  size_t bytes = atoi(arguments[5]);
  if (bytes < 1 || bytes > most_bytes) return 2;
  signal(SIGPIPE, SIG_IGN);
  unsigned char frame[most_bytes + 6];
  size_t frame_length = make_frame(frame, bytes), echo_length = bytes + 2;
  struct connection *all = calloc(number, sizeof *all);
  size_t room = (size_t)(seconds * 400000) + number, done = 0, failed = 0;
  int64_t *latencies = malloc(room * sizeof *latencies);
  int poll_fd = epoll_create1(0);
  for (int i = 0; i < number; i += 1) {
    open_web_socket(&all[i], port, arguments[2]);
    watch(poll_fd, EPOLL_CTL_ADD, all[i].fd, EPOLLIN, i);
  }
  int64_t begin = now_ns(), end = begin + (int64_t)(seconds * 1e9);
  for (int i = 0; i < number; i += 1) {
    all[i].sent_at = begin;
    if (write(all[i].fd, frame, frame_length) != (ssize_t)frame_length) die("write");
  }
  struct epoll_event events[256];
  while (now_ns() < end && failed < (size_t)number) {
    int ready = epoll_wait(poll_fd, events, 256, 100);
    for (int i = 0; i < ready; i += 1) {
      struct connection *c = &all[events[i].data.u32];
      ssize_t got = read(c->fd, c->input + c->have, input_size - c->have);
      if (got > 0) c->have += got;
      if (got > 0 && c->have < echo_length) continue;
      int right = got > 0 && c->have == echo_length && (unsigned char)c->input[0] == 0x81 &&
                  (size_t)c->input[1] == bytes && c->input[2] == 'w';
      int64_t now = now_ns();
      if (right && done < room) latencies[done++] = now - c->sent_at;
      c->have = 0;
      c->sent_at = now;
      if (!right || write(c->fd, frame, frame_length) != (ssize_t)frame_length) {
        failed += 1;
        epoll_ctl(poll_fd, EPOLL_CTL_DEL, c->fd, NULL);
      }
    }
  }
  double took = (now_ns() - begin) / 1e9;
  printf("{\"requests\":%zu,\"seconds\":%.6f,\"errors\":%zu,", done, took, failed);
  print_latencies(latencies, done);
  printf("}\n");
}
