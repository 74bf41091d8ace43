//! pack: being written.
