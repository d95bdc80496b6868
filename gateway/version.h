/* The version that programs report and requests carry. */
#ifndef TEAL_GATEWAY_VERSION_H
#define TEAL_GATEWAY_VERSION_H

#define TEAL_VERSION "1.0.0"

#endif
