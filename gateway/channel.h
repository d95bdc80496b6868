/* Frames between the edge and the room: teal.v1.RoomFrame over a SOCK_SEQPACKET pair, one frame a
 * datagram. The supervisor keeps both ends open, so a process that is restarted goes on reading
 * where the last one stopped, at a frame's border. */
#ifndef TEAL_GATEWAY_CHANNEL_H
#define TEAL_GATEWAY_CHANNEL_H

#include "codecs/arena.h"

#include "proto/room.pb-c.h"

enum { CHANNEL_MAX_FRAME = 160 << 10 };

/* Two connected descriptors, close-on-exec, with buffers for whole frames; false: errno. */
bool channel_pair(int fds[static 2]);

/* Blocks until it is sent. Any thread (a frame is one send). The frame has a content. False: the
 * other end is gone for good, or the frame is over CHANNEL_MAX_FRAME. */
bool channel_send(int fd, const Teal__V1__RoomFrame *frame);

/* Waits up to timeout_ms (-1: for ever). 1: a frame, decoded into the arena (which is reset).
 * 0: nothing came, or a signal did. -1: the other end is gone. A frame that does not decode, or not
 * into that arena, is logged and skipped: the other side is not trusted. buf: CHANNEL_MAX_FRAME
 * octets, borrowed. */
int channel_receive(int fd, int timeout_ms, uint8_t *buf, teal_arena *arena,
                    Teal__V1__RoomFrame **frame);

#endif
