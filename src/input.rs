//! input: being written.
