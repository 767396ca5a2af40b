#pragma once
#include <stddef.h>

/// Memory that can be shared with another process through its descriptor; -1 with errno set on failure.
int scrim_wayland_memory(size_t size);

/// Sends bytes over a socket, and a descriptor with the first of them unless it is -1.
///
/// @return how many bytes were sent; -1 with errno set.
long scrim_wayland_send(int socket, const void *bytes, size_t count, int descriptor);
