//! deliver: being written.
