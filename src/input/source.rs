//! Bytes of the input with their line and offset.
