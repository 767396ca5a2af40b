#pragma once
#include <stddef.h>

/// Memory that can be shared with another process by its descriptor; -1 with errno set where there is none.
int scrim_wayland_memory(size_t size);

/// Sends bytes over a socket, and with the first of them a descriptor where one is given (not -1).
///
/// @return how many bytes were sent; -1 with errno set.
long scrim_wayland_send(int socket, const void *bytes, size_t count, int descriptor);
