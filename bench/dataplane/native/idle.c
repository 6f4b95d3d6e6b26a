/*
 * idle PORT HOST CONNECTIONS: opens connections, has one request answered on each, prints `ready` and keeps them until
 * its standard input ends. Then it prints how many of them the server has closed meanwhile. They come from several
 * addresses of the loopback, as those of several clients do.
 */
#include "tool.h"

enum { source_addresses = 16 };

static int connect_from(int source, int port) {
  struct sockaddr_in own = loopback(0), address = loopback(port);
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + source);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) die("bind");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  return fd;
}

static void ask(int fd, const char *request, size_t length) {
  static char bytes[8192];
  size_t have = 0, head = 0;
  if (write(fd, request, length) != (ssize_t)length) die("write");
  for (;;) {
    ssize_t got = read(fd, bytes + have, sizeof bytes - 1 - have);
    if (got <= 0) die("no answer");
    have += got;
    head = head_length(bytes, have);
    bytes[have] = 0;
    if (head && have >= head + content_length(bytes)) break;
  }
  if (memcmp(bytes, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "%.*s\n", (int)have, bytes);
    exit(1);
  }
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int port = atoi(arguments[1]), number = atoi(arguments[3]), closed = 0;
  char request[512], byte;
  int length = snprintf(request, sizeof request, "GET /t HTTP/1.1\r\nHost: %s\r\n\r\n", arguments[2]);
  int *fds = malloc(number * sizeof *fds);
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < number; i += 1) {
    fds[i] = connect_from(i % source_addresses, port);
    ask(fds[i], request, length);
  }
  printf("ready\n");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
  for (int i = 0; i < number; i += 1) closed += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0;
  printf("%d\n", closed);
}
