//! Stage 1, extract: what the client presented. Pure syntax, no I/O.
