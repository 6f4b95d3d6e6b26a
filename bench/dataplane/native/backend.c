/*
 * backend PORT: the server behind the proxies. It answers by the end of the path:
 *   …/64k    65,536 bytes
 *   …/echo   the head that it received
 *   else     100 bytes; `x-body-bytes` tells how long the request's body was
 * A request with `Upgrade: websocket` becomes a WebSocket whose messages are sent back (RFC 6455). Its accept value is
 * the RFC's own example: clients of the bench send that key.
 */
#include "tool.h"

enum { most_fds = 65536, input_size = 16384, output_size = 32768 };

struct connection {
  /* Bytes received and not yet acted on. */
  size_t have;
  /* Of a request's body that is not there yet. */
  size_t body_left;
  size_t body_length;
  int web_socket;
  int close_after;
  int waits_for_room;
  /* What is to be sent: a fixed answer, or `output`. */
  const char *answer;
  size_t answer_length, answer_sent;
  char input[input_size + 1];
  char output[output_size];
};

static struct connection *connections[most_fds];
static int poll_fd;
static char large[65536 + 512];
static size_t large_length;
static char small_body[101];

static void drop(int fd) {
  close(fd);
  free(connections[fd]);
  connections[fd] = NULL;
}

/* Sends what there is. 1: all is sent; 0: the peer has to take some first; -1: the connection is gone. */
static int flush(int fd, struct connection *c) {
  while (c->answer_sent < c->answer_length) {
    ssize_t sent = write(fd, c->answer + c->answer_sent, c->answer_length - c->answer_sent);
    if (sent < 0) {
      if (errno != EAGAIN) {
        drop(fd);
        return -1;
      }
      if (!c->waits_for_room) watch(poll_fd, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT, fd);
      c->waits_for_room = 1;
      return 0;
    }
    c->answer_sent += sent;
  }
  c->answer = NULL;
  c->answer_length = c->answer_sent = 0;
  if (c->waits_for_room) watch(poll_fd, EPOLL_CTL_MOD, fd, EPOLLIN, fd);
  c->waits_for_room = 0;
  if (c->close_after) {
    drop(fd);
    return -1;
  }
  return 1;
}

static void consume(struct connection *c, size_t count) {
  memmove(c->input, c->input + count, c->have - count);
  c->have -= count;
}

static void send_text(struct connection *c, const char *more_fields, const char *body, size_t length) {
  int head = snprintf(c->output, output_size,
                      "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n"
                      "Content-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n",
                      length, more_fields);
  memcpy(c->output + head, body, length);
  c->answer = c->output;
  c->answer_length = head + length;
}

static int ends_with(const char *path, size_t length, const char *end) {
  size_t n = strlen(end);
  return length >= n && memcmp(path + length - n, end, n) == 0;
}

static void answer_request(struct connection *c, const char *head, size_t length) {
  const char *path = strchr(head, ' ');
  path = path ? path + 1 : head;
  size_t path_length = strcspn(path, " ?\r");
  const char *connection = field_value(head, "\r\nconnection:");
  if (field_value(head, "\r\nupgrade:")) {
    static const char accepted[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    c->web_socket = 1;
    c->answer = accepted;
    c->answer_length = sizeof accepted - 1;
    return;
  }
  if (connection && strncasecmp(connection, "close", 5) == 0) c->close_after = 1;
  if (ends_with(path, path_length, "/64k")) {
    c->answer = large;
    c->answer_length = large_length;
  } else if (ends_with(path, path_length, "/echo")) {
    send_text(c, "", head, length);
  } else {
    char told[64] = "";
    if (c->body_length) snprintf(told, sizeof told, "X-Body-Bytes: %zu\r\n", c->body_length);
    send_text(c, told, small_body, 100);
  }
}

/* Sends back one frame of a client without its mask. 0: it is not whole; -1: not for this tool. */
static int echo_frame(struct connection *c) {
  unsigned char *in = (unsigned char *)c->input, *out = (unsigned char *)c->output;
  if (c->have < 2) return 0;
  size_t length = in[1] & 127, head = 2;
  if (!(in[1] & 128) || length == 127) return -1;
  if (length == 126) {
    if (c->have < 4) return 0;
    length = in[2] << 8 | in[3];
    head = 4;
  }
  if (length + 8 > input_size) return -1;
  if (c->have < head + 4 + length) return 0;
  const unsigned char *mask = in + head, *payload = mask + 4;
  int closes = (in[0] & 15) == 8;
  out[0] = (in[0] & 15) == 9 ? 0x8a : in[0];
  out[1] = in[1] & 127;
  if (head == 4) memcpy(out + 2, in + 2, 2);
  for (size_t i = 0; i < length; i += 1) out[head + i] = payload[i] ^ mask[i & 3];
  c->answer = c->output;
  c->answer_length = head + length;
  c->close_after = closes;
  consume(c, head + 4 + length);
  return 1;
}

/* Acts on what was received, until more is needed or the peer has to take an answer. */
static void act(int fd, struct connection *c) {
  for (;;) {
    if (c->answer_length) return;
    if (c->web_socket) {
      int echoed = echo_frame(c);
      if (echoed < 0) return drop(fd);
      if (echoed == 0) return;
    } else {
      size_t length = head_length(c->input, c->have);
      if (length == 0) {
        if (c->have == input_size) drop(fd);
        return;
      }
      char kept = c->input[length];
      c->input[length] = 0;
      size_t body = content_length(c->input);
      c->input[length] = kept;
      if (body > input_size - length) return drop(fd);
      if (c->have < length + body) return;
      c->body_length = body;
      c->input[length] = 0;
      answer_request(c, c->input, length);
      c->input[length] = kept;
      consume(c, length + body);
    }
    if (flush(fd, c) != 1) return;
  }
}

static void take_connections(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (fd >= most_fds) {
      close(fd);
      continue;
    }
    no_delay(fd);
    connections[fd] = calloc(1, sizeof(struct connection));
    watch(poll_fd, EPOLL_CTL_ADD, fd, EPOLLIN, fd);
  }
}

static void receive(int fd, struct connection *c) {
  ssize_t got = read(fd, c->input + c->have, input_size - c->have);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return drop(fd);
  c->have += got;
  act(fd, c);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  memset(small_body, 'x', 100);
  int head = sprintf(large,
                     "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n"
                     "Content-Type: application/octet-stream\r\nContent-Length: 65536\r\n\r\n");
  memset(large + head, 'y', 65536);
  large_length = head + 65536;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = loopback(atoi(arguments[1]));
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(listener, 4096) < 0) die("listen");
  poll_fd = epoll_create1(0);
  watch(poll_fd, EPOLL_CTL_ADD, listener, EPOLLIN, listener);
  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(poll_fd, events, 256, -1);
    for (int i = 0; i < ready; i += 1) {
      int fd = events[i].data.u32;
      if (fd == listener) {
        take_connections(listener);
        continue;
      }
      struct connection *c = connections[fd];
      if (c && c->answer_length && flush(fd, c) == 1) act(fd, c);
      c = connections[fd];
      /* A peer that does not take its answer is not read from: it has to wait as we do. */
      if (c && !c->answer_length) receive(fd, c);
    }
  }
}
